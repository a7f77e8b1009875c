import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Output } from './output.js';
import { ProgressDisplay } from './progress.js';

it('says in a terminal how much time is left, from when it can be known', async () => {
  const { display, screen } = inTerminal();

  display.report(0, 2, 'colouring');
  await sleep(150); // it may draw again
  const before = screen.text;
  display.report(1, 2, 'colouring');
  display.stop();

  expect(before).toMatch(/ 0 %\s*$/);
  expect(screen.text).toMatch(/50 %\s+\d+s/);
});

it('shows nothing more once it is stopped, whoever still reports', () => {
  const { display, screen } = inTerminal();

  display.report(0, 2, 'looking at photographs');
  display.stop();
  const shown = screen.text;
  display.report(1, 2, 'looking at photographs');

  expect(shown).toContain('looking at photographs');
  expect(screen.text).toBe(shown);
  display.stop(); // else the timer of a bar would keep this file from ending
});

it('switches nothing off in a terminal that a kill would leave so: no cursor, no wrapping of lines', () => {
  const { display, screen } = inTerminal();

  display.report(0, 2, 'colouring');
  display.stop();

  expect(screen.raw).toContain('colouring');
  expect(screen.raw).not.toContain('\x1b[?');
});

function inTerminal() {
  const screen = { text: '', raw: '' };
  const write = (text: string) => {
    screen.raw += text;
    screen.text += readable(text);
  };
  const terminal = { isTTY: true, columns: 100, write };
  return { screen, display: new ProgressDisplay(new Output(terminal, terminal, false)) };
}

/** Without what moves the cursor: each drawing on a line of its own. */
// eslint-disable-next-line no-control-regex
const readable = (text: string) => text.replaceAll(/\x1b\[[?\d;]*[A-Za-z]/g, '\n');
