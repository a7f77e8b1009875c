import { codeVersion } from '../code-version.js';
import { loadEngine } from '../engine.js';
import { type ProbeRequest, probeRequest, type ProbeResult } from './probe-messages.js';

// A short process that loads the engine as a training process would, so that the supervisor knows it without loading
// TensorFlow into its own thread.
process.on('disconnect', () => process.exit(1));
process.once('message', (message) => {
  void probe(probeRequest.parse(message)).then((result) => process.send!(result, () => process.exit(0)));
});

async function probe({ want, threads }: ProbeRequest): Promise<ProbeResult> {
  try {
    const engine = await loadEngine(want, { threads });
    const environment = {
      engine: engine.name,
      engineVersion: engine.version,
      device: engine.device,
      threads: engine.threads,
      deterministic: engine.deterministic,
      codeVersion: await codeVersion(),
    };
    return { environment, reason: engine.reason };
  } catch (error) {
    const { message, remedy } = error as Error & { remedy?: string };
    return { error: message, remedy };
  }
}
