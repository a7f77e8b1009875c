import { useSearchParams } from 'react-router';

/** The words of the page's address after its question mark, and how to change some of them: without a step in its history. */
export function useSearchWords(): [URLSearchParams, (changed: Record<string, string | number>) => void] {
  const [words, setWords] = useSearchParams();
  const change = (changed: Record<string, string | number>) =>
    setWords(
      (before) => {
        for (const [key, value] of Object.entries(changed)) before.set(key, String(value));
        return before;
      },
      { replace: true },
    );
  return [words, change];
}
