import path from 'node:path';
import { DomainError } from '@chromatune/contracts';
import type { Command } from 'commander';
import { ApiClient } from '../api/api-client.js';
import {
  defaultDataFolder,
  findApiUrl,
  NothingRuns,
  readServices,
  type RunningServices,
  type Settings,
} from '../config/settings.js';
import { checkApi, checkTrainers } from '../doctor/check-api.js';
import { checkDataFolder } from '../doctor/check-data-folder.js';
import { checkEngine, checkGpu } from '../doctor/check-engine.js';
import { checkPorts } from '../doctor/check-ports.js';
import {
  checkBuild,
  checkCompiler,
  checkNode,
  checkNpm,
  checkPostgres,
  checkPython,
  checkRedis,
} from '../doctor/check-programs.js';
import type { Finding } from '../doctor/finding.js';
import type { Colors } from '../output/output.js';
import { exitCodes, type Tools } from '../run-cli.js';
import { addLocalCommand, type CommonOptions } from './add-command.js';

export function addDoctorCommand(program: Command, tools: Tools): void {
  const description = 'say what is installed, what runs, and what is wrong';
  addLocalCommand(program, 'doctor', description, (options: CommonOptions) => doctor(tools, options));
}

/** Looks at everything, and ends with code 1 when something keeps Chromatune from working. */
async function doctor({ output, settings, finish }: Tools, options: CommonOptions): Promise<void> {
  const dataFolder = options.dataDir ? path.resolve(options.dataDir) : defaultDataFolder(settings);
  const running = readServices(dataFolder);
  const findings = await Promise.all([
    checkNode(),
    checkNpm(settings),
    checkPython(settings),
    checkCompiler(settings),
    checkBuild(settings),
    checkEngine(settings),
    checkGpu(settings),
    checkPostgres(settings),
    checkRedis(settings),
    checkDataFolder(dataFolder),
    checkPorts(running),
  ]);
  findings.push(...(await checkPlatform(settings, options, running)));
  output.result({ findings }, () => findingsText(findings, output.colors));
  if (findings.some(({ status }) => status === 'problem')) finish(exitCodes.failed);
}

/** The API and its trainers, where one is known. */
async function checkPlatform(
  settings: Settings,
  options: CommonOptions,
  running: RunningServices | null,
): Promise<Finding[]> {
  try {
    const api = new ApiClient(findApiUrl(settings, options));
    return await Promise.all([checkApi(api, running), checkTrainers(api)]);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const { message, remedy } = error;
    return [
      { name: 'api', status: error instanceof NothingRuns ? 'note' : 'problem', detail: message, remedy },
    ];
  }
}

function findingsText(findings: Finding[], colors: Colors): string {
  const signs = { ok: colors.green('✔'), note: colors.yellow('•'), problem: colors.red('✖') };
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings
    .map(({ name, status, detail, remedy }) => {
      const line = `${signs[status]} ${name.padEnd(width)}  ${detail}`;
      return remedy ? `${line}\n  ${' '.repeat(width)}  ${colors.cyan('→')} ${remedy}` : line;
    })
    .join('\n');
}
