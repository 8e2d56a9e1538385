export {
  ARRAY_TYPES,
  bytesPerElement,
  type DType,
  dtypeByWireCode,
  isDType,
  type TypedArrayOf,
  WIRE_CODES,
  type WireCode,
} from "./dtype.ts";
export {
  bfloat16ToNumber,
  float16ToNumber,
  halvesToFloat32,
  numbersToHalves,
  numberToBfloat16,
  numberToFloat16,
} from "./half.ts";
export { type NestedArray, Tensor, type TensorValue } from "./tensor.ts";
