/** Browsers break "1.59e-4" after its hyphen, and the first half reads as another number. */
export function RunLabel({ label }: { label: string }) {
  const parts = label.split(/(\S+e-\d+)/);
  return parts.map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <span key={index} className="unbroken">
        {part}
      </span>
    ),
  );
}
