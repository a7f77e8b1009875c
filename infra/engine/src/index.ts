export { EngineProblem } from './engine.errors.js';
export { engineStatus, type EngineStatus } from './engine-status.js';
export { findGpu, type GpuSearch } from './gpu.js';
export { type EngineInstall, installEngine, type InstallOptions } from './install-engine.js';
export { progressLines, type Progress, type ReportProgress } from './progress.js';
