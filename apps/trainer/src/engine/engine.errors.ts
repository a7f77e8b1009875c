import { DomainError, type EngineName } from '@chromatune/contracts';

/** An engine cannot be used on this machine, or not in this process. */
export class EngineUnavailable extends DomainError {
  constructor(name: EngineName, message: string, remedy?: string, cause?: unknown) {
    super('engine_unavailable', 503, `The ${name} engine cannot be used: ${message}`, {
      remedy:
        remedy || 'npx chromatune doctor says what is installed. CHROMATUNE_ENGINE=auto takes what works.',
      cause,
    });
  }
}
