/** onnxruntime with its telemetry off: the only door to it. */
import './noTelemetry.js';

export { InferenceSession, Tensor } from 'onnxruntime-node';
