import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { findBrowser } from '@chromatune/local';
import { type Platform, repository, startPlatform, temporaryFolder } from '@chromatune/test-support';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const screens = path.join(repository, 'test-results/screens');

const sweep = `name: from the browser
dataset: scenes
model: { encoder: resnet18, width: 0.125, imageSize: 32 }
training: { batchSize: 4, learningRate: 0.003 }
space:
  loss: [regression, classification]
search: { parallel: 2 }
budget: { epochs: 4 }
samples: { images: 3 }
`;

let platform: Platform;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let sweepUrl: string;
/** What the page complained about; a spec that expects complaints empties it. */
const complaints: string[] = [];

beforeAll(async () => {
  mkdirSync(screens, { recursive: true });
  platform = await startPlatform({
    folder: path.join(temporaryFolder('dashboard'), 'data'),
    arguments: ['--no-sweep'],
  });
  const imported = await platform.cli(
    'data',
    'import',
    'synthetic',
    '--name',
    'scenes',
    '--size',
    '32',
    '--images',
    '160',
  );
  expect(imported.stderr + imported.stdout).toContain('Imported scenes');
  browser = await chromium.launch({
    executablePath: findBrowser() ?? 'chromium is not installed',
    args: browserFlags(),
  });
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

afterEach(() => {
  expect(complaints).toEqual([]);
});

describe('New sweep', () => {
  it('shows what is wrong with a spec while one types, and does not launch it', async () => {
    await page.goto(`${platform.apiUrl}/new`);

    await write(sweep.replace('dataset: scenes', 'dataset: seens').replace('budget', 'budgte'));

    const plan = page.getByRole('complementary', { name: 'Plan' });
    await plan.getByText('budgte').first().waitFor();
    expect(await page.getByRole('button', { name: 'Launch' }).isDisabled()).toBe(true);
  });

  it('says what the networks need of the memory, then launches a sweep and shows its page', async () => {
    await write(sweep);
    await page
      .getByRole('list', { name: 'Memory' })
      .getByText(/^resnet18 at batch 4 needs /)
      .waitFor();
    await page.getByRole('button', { name: 'Launch 2 runs' }).click();

    await page.waitForURL('**/sweeps/*');

    sweepUrl = page.url().split('?')[0]!;
    await page.getByRole('heading', { name: 'from the browser' }).waitFor();
  });
});

describe('a sweep while it trains', () => {
  it('draws curves and samples as they come, without a reload', { timeout: 120_000 }, async () => {
    await page.locator('.live[data-state="live"]').waitFor();
    const table = page.getByRole('region', { name: 'Table of runs' });
    await table
      .getByText(/^[1-3]\/4$/)
      .first()
      .waitFor({ timeout: 90_000 });
    await page.getByRole('figure', { name: 'Chart of ab RMSE' }).locator('canvas').first().waitFor();
    await samples()
      .getByRole('button', { name: /regression/ })
      .first()
      .waitFor();

    await table.getByText('4/4').nth(1).waitFor({ timeout: 90_000 });

    await table.getByText('completed').nth(1).waitFor({ timeout: 30_000 });
  });

  it('colours the photographs: a predicted tile is neither grey nor the same in every run', async () => {
    const [regression, classification] = [await pixelsOf(/regression/), await pixelsOf(/classification/)];

    expect(chroma(regression)).toBeGreaterThan(2);
    expect(chroma(classification)).toBeGreaterThan(2);
    expect(regression).not.toEqual(classification);
  });

  it('keeps the chosen epoch in the address, so that a reload shows the same', async () => {
    await page.getByRole('slider', { name: 'Epoch' }).focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.waitForURL(/epoch=2/);
    const before = await pixelsOf(/regression/);

    await page.reload();

    await page.getByText('epoch 2 of 4').first().waitFor();
    await expect.poll(() => pixelsOf(/regression/), { timeout: 10_000 }).toEqual(before);
  });

  it('offers every other metric with its protocol, and keeps the chosen one in the address', async () => {
    await page.getByText('more', { exact: true }).click();
    await page
      .getByRole('group', { name: 'More charts' })
      .getByText(/^ΔE2000/)
      .click();
    await page.waitForURL(/panels=abRmse,loss,deltaE2000/);
    await page.keyboard.press('Escape');
    const chart = page.getByRole('figure', { name: 'Chart of ΔE2000' });
    await chart
      .getByText(/\d+\.\d\d/)
      .first()
      .waitFor();

    await chart.getByLabel('How ΔE2000 is measured').click();

    await chart.getByText(/^CIEDE2000 .* clipped to the gamut/).waitFor();
  });

  it('comes back by itself when the API was killed', { timeout: 60_000 }, async () => {
    process.kill(platform.pids().api!, 'SIGKILL');

    await page.locator('.live:not([data-state="live"])').waitFor();
    await page.locator('.live[data-state="live"]').waitFor({ timeout: 40_000 });
    complaints.length = 0; // the browser reports each refused connection
  });
});

describe('the loupe', () => {
  it('shows the error of each picture on a phone too, without an accessibility fault', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${sweepUrl}?loupe=0&lens=all`);

    const colors = page.getByRole('region', { name: 'Colour under the pointer' });
    await colors.getByRole('row', { name: /^regression – – \d+\.\d\d$/ }).waitFor();
    expect(await seriousFaults()).toEqual([]);

    await page.setViewportSize({ width: 1440, height: 900 });
  });
});

describe('the list of sweeps', () => {
  it('names the metric of the best run, and how far that is from the best that needs no training', async () => {
    await page.goto(`${platform.apiUrl}/sweeps`);

    const row = page.getByRole('row', { name: /from the browser/ });

    await row.getByText(/^(grey|mean colour) \d+\.\d\d$/).waitFor();
    await row.getByText(/^[−+]\d+\.\d % (better|worse)/).waitFor();
    await row.getByText('ab RMSE', { exact: true }).waitFor();
  });
});

describe('a run', () => {
  it('is reproduced by a button, and says IDENTICAL', { timeout: 120_000 }, async () => {
    await page.goto(sweepUrl);
    await page
      .getByRole('region', { name: 'Table of runs' })
      .getByRole('link', { name: /regression/ })
      .click();
    await page.waitForURL('**/runs/*');

    await page.getByRole('button', { name: 'Reproduce' }).click();

    await page.locator('[data-verdict="IDENTICAL"]').first().waitFor({ timeout: 100_000 });
  });
});

describe('runs compared', () => {
  it('are reached from a sweep and from a run, and joined by those of a sweep', async () => {
    await page.goto(`${sweepUrl}?runs=${runId(1)}`);
    await page.getByRole('link', { name: 'Compare', exact: true }).click();
    await page.waitForURL(`**/compare?runs=${runId(1)}`);

    await page.getByLabel('Id of a run or of a sweep to add').fill(sweepUrl.split('/').at(-1)!);
    await page.getByRole('button', { name: 'Add' }).click();

    await page.getByText('2 of 2 runs shown').waitFor();
    await page
      .getByRole('link', { name: /regression/ })
      .first()
      .click();
    await page.waitForURL(`**/runs/${runId(0)}`);
    await page.getByRole('link', { name: 'Compare', exact: true }).click();
    await page.waitForURL(`**/compare?runs=${runId(0)}`);
  });

  it('lead to a run by a link that is followed before the address knows of a change', async () => {
    const fresh = await context.newPage();
    await fresh.route('**/run-page-*.js', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    await fresh.goto(`${platform.apiUrl}/compare?runs=${runId(1)}`);
    const link = fresh.getByRole('link', { name: /classification/ }).first();
    await link.waitFor();

    await fresh.getByLabel('Id of a run or of a sweep to add').fill(runId(0));
    const add = fresh.getByRole('button', { name: 'Add' });
    await Promise.all([add.dispatchEvent('click'), link.dispatchEvent('click')]);

    await fresh.waitForURL(`**/runs/${runId(1)}`);
    await fresh.waitForTimeout(300); // a late write would lead back
    expect(fresh.url()).toContain(`/runs/${runId(1)}`);
    await fresh.close();
  });

  it('shows what differs in their recipes, with a chart for each kind of loss', async () => {
    await page.goto(`${platform.apiUrl}/compare?runs=${runId(0)},${runId(1)}&panels=loss`);

    await page.getByRole('figure', { name: /^Chart of loss.*regression/ }).waitFor();
    await page.getByRole('columnheader', { name: 'regressionLoss' }).waitFor();
  });

  it('says which of them do not exist, until one removes them', async () => {
    await page.goto(`${platform.apiUrl}/compare?runs=${runId(0)},nobody-7,No!`);
    await page.getByText('There is no run nobody-7.').waitFor();
    await page.getByText('There is no run No!.').waitFor();
    expect(await page.title()).toContain('Compare 1 run ·');

    await page.getByRole('button', { name: 'Remove it' }).last().click();
    await page.getByRole('button', { name: 'Remove it' }).click();

    await page.waitForURL(`**/compare?runs=${runId(0)}`);
    expect(await page.getByText('There is no run').count()).toBe(0);
  });
});

describe('your own photograph', () => {
  it('is coloured on the page of a run, beside what it was', { timeout: 120_000 }, async () => {
    await page.goto(await urlOf('run'));
    const panel = page.getByRole('region', { name: 'Your own photograph' });
    const buffer = await page.screenshot({ clip: { x: 0, y: 0, width: 300, height: 200 } });

    await panel
      .getByLabel('Choose or drop one')
      .setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer });

    const colored = panel.getByAltText('me.png coloured by this run');
    await colored.waitFor({ timeout: 100_000 });
    const sides = await colored.evaluate(async (node) => {
      const image = node as unknown as {
        decode(): Promise<void>;
        naturalWidth: number;
        naturalHeight: number;
      };
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    });
    expect(sides).toEqual([300, 200]);
    await panel.screenshot({ path: path.join(screens, 'your-own-photograph.png') });
  });

  it('is sent only with a temperature that can be, and says which can', async () => {
    await page.goto(`${platform.apiUrl}/runs/${runId(1)}`);
    const panel = page.getByRole('region', { name: 'Your own photograph' });
    const sent: string[] = [];
    page.on('request', (request) => request.url().includes('/colorize') && sent.push(request.url()));
    await panel
      .getByLabel('Choose or drop one')
      .setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: await page.screenshot() });

    await panel.getByLabel('temperature').fill('5');
    await panel.getByLabel('temperature').press('Enter');
    await panel.getByText('0.01 to 2', { exact: true }).waitFor();
    await panel.getByLabel('temperature').fill('0.2');
    await panel.getByLabel('temperature').press('Enter');
    await panel.getByLabel('temperature').blur();

    await expect
      .poll(() => sent.map((url) => new URL(url).searchParams.get('temperature')))
      .toEqual([null, '0.2']);
    expect(await panel.getByText('0.01 to 2', { exact: true }).count()).toBe(0);
  });
});

describe('a dataset', () => {
  it('shows its prior over the chosen bins, and keeps them in the address', async () => {
    await page.goto(`${platform.apiUrl}/datasets/scenes`);
    const colors = page.getByRole('region', { name: 'Colours' });
    await colors.getByRole('img', { name: /\d+ of 261 bins hold some/ }).waitFor();

    await colors.getByLabel('bin set').selectOption('square');

    await colors.getByRole('img', { name: /\d+ of 625 bins hold some/ }).waitFor();
    await colors.getByText(/^\d\.\d\d nats; 6\.44 if all/).waitFor();
    await page.waitForURL(/binSet=square/);
  });
});

describe('a dataset version that is not there', () => {
  it('is named, above the newest', async () => {
    await page.goto(`${platform.apiUrl}/datasets/scenes?version=ffffffff`);

    await page.getByText('There is no version ffffffff of scenes. This is the newest.').waitFor();
    await page.getByRole('region', { name: 'Contact sheets' }).waitFor();
  });
});

describe('every page', () => {
  it.each(['sweeps', 'sweep', 'run', 'datasets', 'datasets/scenes', 'trainers', 'new'])(
    '%s has no serious accessibility fault, fits a phone, and is photographed in both themes',
    { timeout: 90_000 },
    async (name) => {
      const url = await urlOf(name);
      for (const [width, height] of [
        [1440, 900],
        [390, 844],
      ] as const) {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.setViewportSize({ width, height });
          await page.emulateMedia({ colorScheme });
          await page.goto(url);
          await page.locator('main h1').first().waitFor();
          await page.waitForLoadState('networkidle').catch(() => {}); // the live connection may keep it busy
          await page.screenshot({
            path: path.join(screens, `${name.replace('/', '-')}-${width}-${colorScheme}.png`),
          });

          expect(await seriousFaults()).toEqual([]);
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        }
      }
    },
  );
});

const samples = () => page.getByRole('region', { name: 'Colorized samples' });

async function urlOf(name: string): Promise<string> {
  if (name === 'sweep') return sweepUrl;
  if (name === 'run') return `${platform.apiUrl}/runs/${runId(0)}`;
  return `${platform.apiUrl}/${name}`;
}

const runId = (index: number) => `${sweepUrl.split('/').at(-1)}-${index}`;

/** Replaces the editor's text. */
async function write(yaml: string) {
  const editor = page.getByRole('textbox', { name: 'Sweep spec in YAML' });
  await editor.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(yaml);
}

/** RGBA of the first photograph's tile in the column of a run. */
async function pixelsOf(run: RegExp): Promise<number[]> {
  const canvas = samples().getByRole('button', { name: run }).first().locator('canvas');
  await canvas.waitFor();
  return canvas.evaluate((element) => {
    const { width, height } = element as unknown as { width: number; height: number };
    const drawing = (element as unknown as { getContext(kind: '2d'): Drawing }).getContext('2d');
    return [...drawing.getImageData(0, 0, width, height).data];
  });
}
interface Drawing {
  getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
}

/** Mean difference between the largest and the smallest of R, G and B: 0 for a grey picture. */
function chroma(rgba: number[]): number {
  let sum = 0;
  for (let index = 0; index < rgba.length; index += 4) {
    const rgb = rgba.slice(index, index + 3);
    sum += Math.max(...rgb) - Math.min(...rgb);
  }
  return sum / (rgba.length / 4);
}

async function seriousFaults(): Promise<string[]> {
  await page.evaluate(axe); // not a script tag: the API's content policy refuses foreign scripts, as it should
  return page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(', ')))`,
  );
}

function browserFlags(): string[] {
  const quiet = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return process.getuid?.() === 0 ? [...quiet, '--no-sandbox'] : quiet;
}
