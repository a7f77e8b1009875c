import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  type Checkpoint,
  plainAdam,
  plainModel,
  plainRegression,
  plainTraining,
  type Run,
  type RunDetail,
  type Sweep,
  sweepSpec,
} from '@chromatune/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FakeAnswer, FakeApi, type FakeRequest, problemAnswer } from './fake-api.fixture.js';
import { runCommand } from './run-command.fixture.js';

let folder: string;
let api: FakeApi | undefined;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cli-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => api?.stop());

describe('the command line', () => {
  it('prints a table for people', async () => {
    const { code, stdout } = await run(['sweep', 'list'], () => ({ json: [sweep] }));

    expect(code).toBe(0);
    const [titles, row] = stdout.split('\n');
    expect(titles).toMatch(/^SWEEP +STATE +RUNS +BEST +BY +AGE +DATASET +NAME$/);
    expect(row).toMatch(/^s1234567 +running +1\/3 +14\.73 +ab RMSE +\d+ \w+ +photos +which loss\?$/);
    expect(row?.indexOf('which')).toBe(titles?.indexOf('NAME'));
  });

  it('prints one JSON document with --json, and nothing else', async () => {
    const { code, stdout, stderr } = await run(['sweep', 'list', '--json'], () => ({ json: [sweep] }));

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([sweep]);
    expect(stderr).toBe('');
  });

  it('says of a run that it has learned nothing yet, and not of one that has', async () => {
    const { stdout } = await run(['run', 'list', '--sweep', 's1234567'], ({ path }) => ({
      json: path.endsWith('/runs')
        ? [aRun({ label: 'grey still', learned: false }), aRun({ label: 'good', learned: true })]
        : { ...sweep, yaml: '' },
    }));

    const [titles, grey, good] = stdout.split('\n');
    expect(titles).toMatch(/WITHOUT TRAINING/);
    expect(grey).toMatch(/running \(has learned nothing yet\).* mean colour 15\.00 +grey still$/);
    expect(good).toMatch(/ running +1\/4 /);
  });

  it('shows metrics beside what needs no training, and on request how they are measured', async () => {
    const { baselines } = aRun({});
    const ofLoss = (loss: number) => ({ metric: 'validation/loss' as const, loss });
    const shown: RunDetail = {
      ...aRun({
        latest: { 'validation/loss': 2.25, 'validation/auc': 0.9 },
        baselines: { ...baselines!, marginal: ofLoss(2.5), floor: ofLoss(0.5) },
      }),
      ...detail,
    };
    const plain = await run(['run', 'show', shown.id], () => ({ json: shown }));
    const explained = await run(['run', 'show', shown.id, '--protocols'], () => ({ json: shown }));

    expect(plain.stdout).toMatch(
      /validation\/loss +2\.250 .* marginal distribution 2\.500, least possible 0\.5000/,
    );
    expect(plain.stdout).not.toContain('trapezoids');
    expect(plain.stdout).toContain('With --protocols');
    expect(explained.stdout).not.toContain('With --protocols');
    expect(explained.stdout.match(/Every validation metric is measured at/g)).toHaveLength(1);
    expect(explained.stdout).toMatch(
      /validation\/auc +Share of all validation pixels .* by trapezoids over 150/,
    );
  });

  it('shows the checkpoints of a run in the metric by which the best is chosen', async () => {
    const saved = (epoch: number, value: number | null, isBest: boolean): Checkpoint => ({
      ...{ attempt: 1, step: 10 * epoch, epoch, kind: value === null ? 'pause' : 'epoch', key: 'k' },
      ...{ bytes: 2048, sha256: 'a'.repeat(64), weightsSha256: 'b'.repeat(64), abRmse: 14 },
      ...{ objective: { metric: 'validation/aucRebalanced', value }, isBest, at: new Date().toISOString() },
    });
    const checkpoints = [saved(1, 0.75, true), saved(2, 0.5, false), saved(2.5, null, false)];
    const { stdout } = await run(['run', 'show', 'r'], () => ({
      json: { ...aRun({}), ...detail, checkpoints } satisfies RunDetail,
    }));

    expect(stdout).toMatch(/KIND +rebalanced AuC +SIZE\n/);
    expect(stdout).toMatch(/step 10 +1 +epoch, best +0\.7500 +2\.0 KiB\n/);
    expect(stdout).toMatch(/step 25 +2\.5 +pause +– /);
  });

  it('says how the batch of a run is computed, in show and in the export', async () => {
    const shown = { ...aRun({ microBatch: 12 }), ...detail };
    const out = path.join(folder, 'export');

    const { stdout } = await run(['run', 'show', shown.id], () => ({ json: shown }));
    const exported = await run(['run', 'export', shown.id, '--out', out], ({ path: asked }) =>
      asked.endsWith('.csv') ? { bytes: Buffer.from('') } : { json: asked.endsWith('/samples') ? [] : shown },
    );

    expect(stdout).toMatch(/batch +32, computed 2 × 12 \+ 8\n/);
    expect(exported.code).toBe(0);
    const provenance = JSON.parse(await readFile(path.join(out, 'recipe.json'), 'utf8')) as object;
    expect(provenance).toMatchObject({ microBatch: 12, recipe: { batchSize: 32 } });
  });

  it('waits for a database that is started again', async () => {
    let answered = 0;
    const { code, stderr } = await run(['run', 'log', 'r'], ({ path: asked }) => {
      if (answered++ === 0) return problemAnswer(503, 'PostgreSQL is not running.');
      return { json: asked.endsWith('/log') ? [] : { ...aRun({}), ...detail } };
    });

    expect([code, stderr]).toEqual([0, 'r has said nothing yet.\n']);
  });

  it('says why an export cannot be written', async () => {
    const shown = { ...aRun({}), ...detail };
    const out = path.join(folder, 'blocked export');
    await mkdir(path.join(out, 'recipe.json'), { recursive: true });

    const { code, stderr } = await run(['run', 'export', shown.id, '--out', out], ({ path: asked }) => ({
      json: asked.endsWith('/samples') ? [] : shown,
    }));

    expect(code).toBe(1);
    expect(stderr).toContain(
      `${out} cannot be written: it is a folder.\n  → Name another folder with --out.`,
    );
  });

  it('stops an export on Ctrl-C, and says what is left of it', async () => {
    const shown = { ...aRun({}), ...detail };
    const out = path.join(folder, 'stopped export');

    const { code, stderr } = await run(['run', 'export', shown.id, '--out', out], ({ path: asked }) => {
      if (asked.endsWith('.csv')) process.emit('SIGINT');
      return { json: asked.endsWith('/samples') ? [] : shown };
    });

    expect(code).toBe(130);
    expect(stderr).toBe(`Stopped. ${out} may hold a part of the run; the same command writes it whole.\n`);
    expect((await readdir(out)).sort()).toEqual(['points.json', 'recipe.json', 'samples']);
  });

  it('says what to do where there is nothing yet', async () => {
    const { stdout } = await run(['sweep', 'list'], () => ({ json: [] }));

    expect(stdout).toContain('npx chromatune sweep launch examples/first-sweep.yaml');
  });

  it('shows the lines of a wrong sweep file, and fails', async () => {
    const file = path.join(folder, 'wrong.yaml');
    await writeFile(file, 'name: a\n');
    const fields = [{ path: 'space.los', message: '"los" is not a parameter.', line: 4, column: 3 }];
    const answer = () =>
      problemAnswer(422, 'The sweep spec is not valid.', { fields, remedy: 'Correct these places.' });

    const words = await run(['sweep', 'launch', file], answer);
    const json = await run(['sweep', 'launch', file, '--json'], answer);

    expect(words).toMatchObject({ code: 1, stdout: '' });
    expect(words.stderr).toBe(
      '✖ The sweep spec is not valid.\n  line 4:3  "los" is not a parameter.\n  → Correct these places.\n',
    );
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stderr)).toEqual({
      error: {
        code: 'some_problem',
        title: 'The sweep spec is not valid.',
        remedy: 'Correct these places.',
        fields,
      },
    });
  });

  it('shows what a sweep file would do', async () => {
    const file = path.join(folder, 'right.yaml');
    await writeFile(file, 'name: a\n');
    const preview = [{ loss: 'regression' }, { loss: 'classification', learningRate: 0.00032 }];
    const text = 'resnet152 at batch 128 needs 36 GB: will run as 6 micro-batches of 22.';
    const memory = { atOnceBytes: 36e9, slotBytes: 7e9, microBatch: 22, pieces: 6, bytes: 6.8e9 };
    const forecast = { runs: 2, ...memory, fits: true, isMeasured: true, text };
    const others = Array.from({ length: 15 }, (_, i) => ({ ...forecast, text: `network ${i} fits.` }));
    const forecasts = [forecast, ...others];
    const plan = { problems: [], runs: 5, varying: ['loss', 'learningRate'], preview, forecasts };

    const { stdout, code } = await run(['sweep', 'plan', file], () => ({ json: plan }));

    expect(code).toBe(0);
    expect(stdout).toContain('makes 5 runs');
    expect(stdout).toContain(text);
    expect(stdout).toContain('network 10 fits.\n  … and 4 others that need less.');
    expect(stdout).toMatch(/1 +classification +3\.2e-4/);
    expect(stdout).toContain('… and 3 more runs');
    expect(JSON.parse(api!.requests[0]!.body.toString())).toEqual({ yaml: 'name: a\n' });
  });

  it('shows every kind of value that may vary', async () => {
    const file = path.join(folder, 'kinds.yaml');
    await writeFile(file, 'name: a\n');
    const preview = [
      { flip: false, weights: 'a'.repeat(64), learningRate: 1e-5, crop: 0.75 },
      { flip: true, weights: 'none', learningRate: 0.01 },
    ];
    const varying = ['flip', 'weights', 'learningRate', 'crop'];
    const plan = { problems: [], runs: 2, varying, preview, forecasts: [] };

    const { stdout } = await run(['sweep', 'plan', file], () => ({ json: plan }));

    expect(stdout).toMatch(/0 +false +aaaaaaaaaaaa +1e-5 +0\.75\n/);
    expect(stdout).toMatch(/1 +true +none +0\.01 +–/);
  });

  it('shows the best run of a sweep, by what it is ranked, and what needs no training', async () => {
    const { baselines } = aRun({});
    const shown = { ...sweep, best: { ...sweep.best!, baselines }, yaml: '' };

    const { stdout } = await run(['sweep', 'show', sweep.id], ({ path }) => ({
      json: path.endsWith('/runs') ? [aRun({})] : shown,
    }));

    expect(stdout).toContain('objective         validation/abRmse, lower is better\n');
    expect(stdout).toContain('best              14.73 ab by regression (s1234567-0) at epoch 9\n');
    expect(stdout).toContain('without training  mean colour 15.00, grey 16.00\n');
    expect(stdout).toMatch(/\n\nab RMSE: Root of the mean .* own image size, .*\n$/);
  });

  it('fails a plan that has problems, also with --json', async () => {
    const file = path.join(folder, 'bad.yaml');
    await writeFile(file, 'name: a\n');
    const plan = {
      problems: [{ path: 'dataset', message: 'dataset is missing', line: 1 }],
      runs: 0,
      varying: [],
      preview: [],
      forecasts: [],
    };

    const { code, stdout } = await run(['sweep', 'plan', file, '--json'], () => ({ json: plan }));

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual(plan);
  });

  it.each([
    [
      ['sweep', 'launch', '/nowhere/sweep.yaml'],
      1,
      '/nowhere/sweep.yaml cannot be read: there is no such file.',
    ],
    [['sweep', 'show', 's1234567-0'], 1, 's1234567-0 looks like a run, not a sweep.'],
    [
      ['sweep', 'cancel', 's1234567-0-r1'],
      1,
      'npx chromatune run show s1234567-0-r1; its sweep is s1234567.',
    ],
    [['sweep', 'show', 'first-sweep'], 1, 'There is no run r.'], // a name, of which the API says what it is not
    [['run', 'show', 'r', '--data-dir', '/nowhere'], 1, 'No Chromatune runs on /nowhere.'],
    [['run', 'export', 'r', '--out', '/dev/null/x'], 1, 'There is no run r.'],
    [
      ['run', 'reproduce', 'r', '--recipe', '/nowhere.json'],
      1,
      '/nowhere.json cannot be read: there is no such file.',
    ],
    [
      ['data', 'import', 'npy', '--name', 'a'],
      1,
      'Name the folder of the set, or its files: --l l.zip --ab ab.zip.',
    ],
    [['run', 'export', 'r', '--out', ''], 2, 'It must not be empty.'],
    [['run', 'list', '--sweep', ''], 2, 'It must not be empty.'],
    [['model', 'describe', '--run', ''], 2, 'It must not be empty.'],
    [['data', 'import', 'photos', '.', '--name', 'My Photos'], 2, 'use lower-case letters'],
    [['data', 'import', 'photos', '.', '--name', 'a', '--size', 'big'], 2, 'must be a whole number'],
    [['data', 'import', 'photos', '.'], 2, "required option '--name <name>' not specified"],
    [['sweep', 'lanch', 'x'], 2, '(Did you mean launch?)'],
    [['sweep', 'list', '--jsn'], 2, '(Did you mean --json?)'],
    [[], 2, 'Usage: chromatune'],
  ])('%j ends with code %i and an explanation', async (argv, expected, words) => {
    const { code, stderr } = await run(argv, () => problemAnswer(404, 'There is no run r.'));

    expect(stderr).toContain(words);
    expect(code).toBe(expected);
  });

  it.each([
    ['nothing runs', () => ['--data-dir', path.join(folder, 'nowhere')], '• api', 'No Chromatune runs on /'],
    [
      'the address of the API is none',
      () => ['--api', 'localhost:4300'],
      '✖ api',
      'localhost:4300, does not begin',
    ],
  ])('looks at what is installed also where %s', async (_where, options, finding, words) => {
    const { stdout } = await run(['doctor', ...options()], () => ({}));

    expect(stdout).toMatch(/✔ node /);
    expect(stdout).toContain(finding);
    expect(stdout).toContain(words);
    expect(api?.requests).toEqual([]);
  });

  it('explains itself', async () => {
    const { code, stdout } = await run(['run', 'reproduce', '--help'], () => ({}));

    expect(code).toBe(0);
    expect(stdout).toContain('train its stored recipe again and compare bit by bit');
    expect(stdout).toContain('--json');
  });

  it('does not take a wrong recipe for one', async () => {
    const file = path.join(folder, 'recipe.json');
    await writeFile(file, '{ "recipe": { "recipeVersion": "two" } }');

    const { code, stderr } = await run(['run', 'reproduce', 'r', '--recipe', file], () => ({}));

    expect(code).toBe(1);
    expect(stderr).toContain('is not a recipe');
    expect(stderr).toContain('recipeVersion');
  });

  it('tells that a run is not reproducible as a verdict, before anything trains', async () => {
    const answer = () =>
      problemAnswer(409, 'NOT REPRODUCIBLE because version abc of dataset photos is gone.', {
        code: 'not_reproducible',
        remedy: 'Import the same photographs.',
      });

    const words = await run(['run', 'reproduce', 's1234567-0'], answer);
    const json = await run(['run', 'reproduce', 's1234567-0', '--json'], answer);

    expect(words.code).toBe(3);
    expect(words.stdout).toBe(
      'NOT REPRODUCIBLE because version abc of dataset photos is gone.\n  → Import the same photographs.\n',
    );
    expect(JSON.parse(json.stdout)).toEqual({
      run: null,
      verdict: { verdict: 'NOT REPRODUCIBLE', reason: 'version abc of dataset photos is gone' },
    });
  });

  it('sends pause, resume and stop to where they belong', async () => {
    for (const [argv, path] of [
      [['sweep', 'pause', 's1234567'], '/api/sweeps/s1234567/pause'],
      [['sweep', 'cancel', 's1234567'], '/api/sweeps/s1234567/cancel'],
      [['run', 'resume', 's1234567-0'], '/api/runs/s1234567-0/resume'],
      [['run', 'stop', 's1234567-0'], '/api/runs/s1234567-0/cancel'],
    ] as const) {
      await run([...argv], () => problemAnswer(409, 'no'));
      expect(api?.asked()).toEqual([`POST ${path}`]);
    }
  });

  it('says that it must be built, where it is not', async () => {
    const script = path.join(folder, 'bin', 'chromatune.mjs');
    await cp(new URL('../bin/chromatune.mjs', import.meta.url), script);

    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });

    expect(stderr).toContain('Run npm start once');
    expect(status).toBe(1);
  });
});

const sweep: Sweep = {
  id: 's1234567',
  name: 'which loss?',
  state: 'running',
  spec: sweepSpec.parse({ name: 'which loss?', dataset: 'photos', budget: { epochs: 1 } }),
  dataset: { name: 'photos', digest: 'a'.repeat(64) },
  varying: [],
  plannedRuns: 3,
  runsByState: { completed: 1, running: 2 },
  best: { runId: 's1234567-0', label: 'regression', value: 14.7349, epoch: 9, baselines: null },
  createdAt: new Date().toISOString(),
  endedAt: null,
};

const detail: Omit<RunDetail, keyof Run> = {
  recipe: {
    ...plainTraining,
    recipeVersion: 2,
    dataset: { name: 'photos', digest: 'a'.repeat(64) },
    model: plainModel,
    loss: plainRegression,
    optimizer: plainAdam,
    epochs: 4,
    samples: { images: 0, every: 1 },
  },
  environment: null,
  recipeDigest: null,
  attempts: [],
  checkpoints: [],
  verdict: null,
  reproductions: [],
};

const aRun = (changes: Partial<Run>): Run => ({
  id: 's1234567-0',
  sweepId: 's1234567',
  index: 0,
  label: '',
  parameters: {},
  state: 'running',
  note: null,
  attempt: 1,
  restarts: 0,
  step: 10,
  epoch: 1,
  epochs: 4,
  totalSteps: 40,
  microBatch: null,
  latest: {},
  best: { 'validation/abRmse': { value: 15.5, epoch: 1, step: 10 } },
  baselines: { grey: { abRmse: 16, psnr: 22 }, meanColor: { abRmse: 15, psnr: 23 } },
  learned: null,
  failure: null,
  weightsSha256: null,
  reproductionOf: null,
  trainerId: null,
  createdAt: new Date().toISOString(),
  startedAt: null,
  endedAt: null,
  ...changes,
});

async function run(argv: string[], answer: (request: FakeRequest) => FakeAnswer | null) {
  await api?.stop();
  api = await FakeApi.start(answer);
  return runCommand(argv, { apiUrl: api.url, folder });
}
