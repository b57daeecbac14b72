// Reading fields of hostile dictionaries: the value when it is there, of the right type and in range, otherwise `undefined`.
// A reader never throws; whether a missing field is an error, and which, is for the caller to say.

import { toUtf8 } from '@torrential/primitives'
import { type BencodeDict, type BencodeValue, isBytes, isDict, isList } from './value.ts'

/** Both ends included. */
export interface IntegerRange {
  /** @default -(2^53 - 1) */
  readonly min?: number
  /** @default 2^53 - 1 */
  readonly max?: number
}

/** Lengths in bytes. */
export interface BytesRange {
  /** Exactly this many. */
  readonly length?: number
  /** At most this many. */
  readonly max?: number
}

/** How text is read. */
export interface TextRange {
  /** At most this many bytes. */
  readonly max?: number
  /** Bytes that are not UTF-8: `undefined` instead of text with U+FFFD. @default false */
  readonly strict?: boolean
}

/** A safe integer inside the range. */
export function integerAt(dict: BencodeDict, key: string, range: IntegerRange = {}): number | undefined {
  const value = dict.get(key)
  if (typeof value !== 'number' || value < (range.min ?? value) || value > (range.max ?? value)) return undefined
  return value
}

/** A string's bytes: a view of the input. */
export function bytesAt(dict: BencodeDict, key: string, range: BytesRange = {}): Uint8Array | undefined {
  const value = dict.get(key)
  if (!isBytes(value)) return undefined
  if (value.length !== (range.length ?? value.length) || value.length > (range.max ?? value.length)) return undefined
  return value
}

/** A string as UTF-8 text. */
export function textAt(dict: BencodeDict, key: string, range: TextRange = {}): string | undefined {
  const value = bytesAt(dict, key, range.max === undefined ? {} : { max: range.max })
  if (value === undefined) return undefined
  return range.strict === true ? toUtf8(value, { strict: true }) : toUtf8(value)
}

export function listAt(dict: BencodeDict, key: string): readonly BencodeValue[] | undefined {
  const value = dict.get(key)
  return isList(value) ? value : undefined
}

export function dictAt(dict: BencodeDict, key: string): BencodeDict | undefined {
  const value = dict.get(key)
  return isDict(value) ? value : undefined
}
