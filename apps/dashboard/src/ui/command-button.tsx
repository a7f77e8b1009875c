import { useMutation } from '@tanstack/react-query';
import { AlertDialog } from 'radix-ui';
import { explain } from '../api/errors.js';

interface Props {
  label: string;
  command: () => Promise<unknown>;
  /** What to ask before it is done; for what cannot be taken back. */
  confirm?: { question: string; detail: string };
  onDone?: () => void;
  primary?: boolean;
}

/** A button that asks the API for something and says in its place when that failed. */
export function CommandButton({ label, command, confirm, onDone, primary }: Props) {
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: command,
    onSuccess: () => onDone?.(),
  });
  const button = (
    <button
      type="button"
      className={primary ? 'primary' : undefined}
      disabled={isPending}
      onClick={confirm ? undefined : () => mutate()}
    >
      {label}
    </button>
  );
  return (
    <span className="command">
      {confirm ? <Confirmed button={button} label={label} onConfirm={() => mutate()} {...confirm} /> : button}
      {error && (
        <span className="command-error" role="alert">
          {explain(error).title} {explain(error).remedy}{' '}
          <button type="button" className="quiet" onClick={reset}>
            OK
          </button>
        </span>
      )}
    </span>
  );
}

interface ConfirmedProps {
  button: React.ReactNode;
  label: string;
  question: string;
  detail: string;
  onConfirm: () => void;
}

function Confirmed({ button, label, question, detail, onConfirm }: ConfirmedProps) {
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger asChild>{button}</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="overlay" />
        <AlertDialog.Content className="dialog dialog-small">
          <AlertDialog.Title>{question}</AlertDialog.Title>
          <AlertDialog.Description>{detail}</AlertDialog.Description>
          <div className="dialog-buttons">
            <AlertDialog.Cancel asChild>
              <button type="button">No</button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <button type="button" className="primary" onClick={onConfirm}>
                {label}
              </button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
