// Values
export type { BencodeDict, BencodeValue } from './value.ts'
export { isBytes, isDict, isList } from './value.ts'
// Reading
export type { BencodeLimits, BencodeOptions } from './validate.ts'
export { BENCODE_LIMITS, validate } from './validate.ts'
export type { Decoded, Span, SpanOptions } from './decode.ts'
export { decode, decodeDict, decodeWithSpans } from './decode.ts'
export { BencodeReader } from './reader.ts'
export type { BytesRange, IntegerRange, TextRange } from './dict-readers.ts'
export { bytesAt, dictAt, integerAt, listAt, textAt } from './dict-readers.ts'
// Writing
export type { Encodable } from './encode.ts'
export { encode, raw, RawBencode } from './encode.ts'
