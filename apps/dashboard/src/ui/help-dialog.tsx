import { Dialog } from 'radix-ui';
import { addresses } from '../api/client.js';
import { Icon } from './icon.js';

const shortcuts: readonly (readonly [keys: string[], effect: string])[] = [
  [['←', '→'], 'previous, next epoch'],
  [['↑', '↓'], 'previous, next photograph'],
  [['space'], 'play the epochs'],
  [['g'], 'every run column shows the grey input; again: its run'],
  [['t'], 'every run column shows the truth'],
  [['1', '…', '9'], 'every run column shows that run'],
  [['Enter'], 'open the photograph in the loupe'],
  [['/'], 'filter the runs'],
  [['?'], 'this list'],
];

const gestures: readonly (readonly [string, string])[] = [
  ['drag over a chart', 'zoom into these epochs'],
  ['Ctrl + wheel, pinch', 'zoom'],
  ['Shift + drag', 'move a zoomed chart'],
  ['double-click', 'show all again'],
];

export function HelpDialog({
  isOpen,
  onOpenChange,
}: {
  isOpen: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <header className="dialog-head">
            <Dialog.Title>Keyboard and gestures</Dialog.Title>
            <Dialog.Close className="icon" aria-label="Close">
              <Icon name="close" />
            </Dialog.Close>
          </header>
          <table className="keys">
            <tbody>
              {shortcuts.map(([keys, effect]) => (
                <tr key={effect}>
                  <th scope="row">
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </th>
                  <td>{effect}</td>
                </tr>
              ))}
              {gestures.map(([gesture, effect]) => (
                <tr key={gesture}>
                  <th scope="row">{gesture}</th>
                  <td>{effect}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p className="hint">
            Everything on a page is in its address: copy it to share the view. The API is described at{' '}
            <a href={addresses.docs}>/api/docs</a>.
          </p>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
