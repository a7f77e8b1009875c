export { type Batch, loadPreviews, splitBatches, stepsPerEpoch, trainBatches } from './batches/batches.js';
export { dataOrder, EpochOrder, type RowPlace } from './batches/data-order.js';
export { CorruptShard, type FileProvider } from './batches/shard-reader.js';
export { fetchFirstPhotos } from './first-photos/fetch-first-photos.js';
export { firstPhotos, type FirstPhotos, readFirstPhotos } from './first-photos/first-photos.js';
export { type QtResource, readQtResources } from './first-photos/qt-resources.js';
export { explainDiskError } from './import/disk-error.js';
export {
  ImportError,
  type ImportOptions,
  type ImportResult,
  type Progress,
} from './import/import-options.js';
export { importNpy, type NpyImportOptions } from './import/import-npy.js';
export { importSynthetic, type SyntheticImportOptions } from './import/import-synthetic.js';
export { listPhotos } from './import/photo-files.js';
export { importPhotos, type PhotoImportOptions, type SourceCredit } from './import/import-photos.js';
export { countOutOfGamut } from './lab/gamut.js';
export { lab8ToSrgb, labToSrgb, paintLightness, srgbToLab, srgbToLab8 } from './lab/lab.js';
export { manifestDigest, verifyManifest } from './manifest.js';
export { type NpyArray, npyBytes } from './npy/npy-bytes.js';
export { NpyError } from './npy/npy-error.js';
export { type NpyFile, type NpyPlace, openNpy } from './npy/npy-file.js';
export { type NpyDtype, type NpyHeader, readNpyHeader } from './npy/npy-header.js';
export { abCounts, readAbCounts } from './prior.js';
export { areaResize } from './pictures/area-resize.js';
export { encodePicture, lightnessAt, networkSides, openPhoto, paintPicture } from './pictures/colorize.js';
export { enlargeAb, squareSides, type Sides } from './pictures/enlarge.js';
export { contactSheet, pngOf } from './pictures/png.js';
export {
  bytesOf,
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  SafetensorsError,
  safetensorsHeader,
  type TensorReader,
} from './weights/safetensors.js';
export { SafetensorsFile } from './weights/safetensors-file.js';
export { isWeight, WeightsDigest, weightsSha256 } from './weights/weights-digest.js';
export {
  decodeWeights,
  describeWeights,
  encodeWeights,
  importWeights,
  type ImportedWeights,
} from './weights/import-weights.js';
export { networkVariables } from './weights/network-layout.js';
export { WeightsError } from './weights/weights-error.js';
