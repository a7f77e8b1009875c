import { spawn } from 'node:child_process';
import path from 'node:path';
import { pythonEnvironment, repository } from '@chromatune/test-support';

// `node test/parity/dist/make-fixtures.js [GROUP …]`: makes fixtures/*.json anew, with PyTorch in an environment of its own.
// Some 7 minutes on two cores; the same files again, to the last digit, on the same kind of processor.
const script = path.join(repository, 'test/parity/python/make_fixtures.py');

const python = await pythonEnvironment((line) => console.error(line));
const child = spawn(python, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('close', (code) => (process.exitCode = code ?? 1));
