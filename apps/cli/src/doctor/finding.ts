/** What the doctor found about one thing. A note works, but could be better; a problem must be solved. */
export interface Finding {
  name: string;
  status: 'ok' | 'note' | 'problem';
  detail: string;
  remedy?: string;
}
