// From bytes to values, in two passes: `validate` first, then a builder that may trust every byte it meets. The first pass
// costs a few milliseconds for 10 MB and makes the second one short enough to read. Strings are views into the input, so a
// decoded value keeps the input alive and changes with it; copy what must outlive it.

import { InputError } from '@torrential/primitives'
import { type BencodeOptions, validate } from './validate.ts'
import { type BencodeDict, type BencodeValue, isDict } from './value.ts'

// Looked up once: a look-up of a global is slow inside jest, and this is a hot loop.
const { isSafeInteger } = Number
const toBigInt = BigInt

const ZERO = 0x30
const COLON = 0x3a
const MINUS = 0x2d
const D = 0x64
const E = 0x65
const I = 0x69
const L = 0x6c

/** A range of bytes, half-open. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A value together with where its parts lie in the input. */
export interface Decoded {
  readonly value: BencodeValue
  /** Where the value ends (exclusive); bytes behind it exist only with `allowTrailing`. */
  readonly end: number
  /** The exact bytes of a value inside dictionaries, e.g. `span('info')`; undefined when there is none. No path: all of it. */
  readonly span: (...path: readonly string[]) => Span | undefined
  /** As `span`, but the encoded bytes themselves: a view of the input. */
  readonly slice: (...path: readonly string[]) => Uint8Array | undefined
}

/**
 * Decodes the value that `bytes` are.
 * @throws InputError as `validate`
 */
export function decode(bytes: Uint8Array, options: BencodeOptions = {}): BencodeValue {
  validate(bytes, options)
  const input = plainView(bytes)
  return build(input, bufferOf(input), { at: 0 })
}

/**
 * As `decode`, for input that has to be a dictionary.
 * @throws InputError `BENCODE_NOT_DICT` when it is something else; as `validate` otherwise
 */
export function decodeDict(bytes: Uint8Array, options: BencodeOptions = {}): BencodeDict {
  const value = decode(bytes, options)
  if (!isDict(value)) throw new InputError('BENCODE_NOT_DICT', 'the value is not a dictionary', { offset: 0 })
  return value
}

/** Options of `decodeWithSpans`. */
export interface SpanOptions extends BencodeOptions {
  /**
   * Path of a value that is checked, but left out of the dictionary that it is in: a list of many items that `slice` and
   * `decodeItems` give one by one. @default nothing is left out
   */
  readonly apart?: readonly [string, ...string[]]
}

/**
 * As `decode`, and tells where each value of the (nested) dictionaries lies: an infohash is taken over exact bytes, and some
 * messages have raw bytes behind their dictionary (BEP 9).
 * @throws InputError as `validate`
 */
export function decodeWithSpans(bytes: Uint8Array, options: SpanOptions = {}): Decoded {
  const end = validate(bytes, options)
  const input = plainView(bytes)
  const [first, ...others] = options.apart ?? []
  // What lies around the value apart is large, as it is: its end is looked for once.
  const around = first === undefined ? undefined : valueSpan(input, 0, first)
  const apart = around && (others.length === 0 ? around : findSpan(input, around, others))
  const span = (...path: readonly string[]) => {
    if (apart !== undefined && isSamePath(path, options.apart ?? [])) return apart
    if (around !== undefined && path[0] === first) return findSpan(input, around, path.slice(1))
    return findSpan(input, { start: 0, end }, path)
  }
  const slice = (...path: readonly string[]) => {
    const found = span(...path)
    return found && input.subarray(found.start, found.end)
  }
  return { value: build(input, bufferOf(input), { at: 0 }, apart), end, span, slice }
}

/**
 * The items of an encoded list, one by one, as `slice` of a decoded value gives it: for lists so long that all their values at
 * once would cost more memory than is good. `undefined` when it is no list.
 * Its bytes are trusted: pass nothing that has not been through `validate` or `decodeWithSpans`.
 */
export function decodeItems(list: Uint8Array): Iterable<BencodeValue> | undefined {
  return list[0] === L ? itemsOf(plainView(list)) : undefined
}

function* itemsOf(list: Uint8Array): Generator<BencodeValue, void, undefined> {
  const text = bufferOf(list)
  const cursor: Cursor = { at: 1 }
  while (list[cursor.at] !== E) yield build(list, text, cursor)
}

/** A Buffer's views are Buffers; ours are plain Uint8Arrays whatever came in. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Where a value begins, and after it was built, where it ends. */
interface Cursor {
  at: number
}

/** The next value of validated bytes, without the one that lies at `apart`. `text` is the same bytes. */
function build(bytes: Uint8Array, text: Buffer, cursor: Cursor, apart?: Span): BencodeValue {
  const root: BencodeValue[] = []
  const stack: (BencodeValue[] | Map<string, BencodeValue>)[] = []
  let parent: BencodeValue[] | Map<string, BencodeValue> = root
  let { at } = cursor
  do {
    let byte = bytes[at] as number
    if (byte === E) {
      parent = stack.pop() as typeof parent
      at++
      continue
    }
    let key = ''
    if (parent instanceof Map) {
      const start = stringStart(bytes, at)
      at = start + lengthBefore(bytes, at, start)
      key = text.toString('latin1', start, at)
      byte = bytes[at] as number
      if (at === apart?.start) {
        at = apart.end
        continue
      }
    }
    let value: BencodeValue
    if (byte === I) {
      const end = bytes.indexOf(E, at)
      value = integer(bytes, text, at + 1, end)
      at = end + 1
    } else if (byte === D || byte === L) {
      value = byte === D ? new Map<string, BencodeValue>() : []
      at++
    } else {
      const start = stringStart(bytes, at)
      at = start + lengthBefore(bytes, at, start)
      value = bytes.subarray(start, at)
    }
    if (parent instanceof Map) parent.set(key, value)
    else parent.push(value)
    if (byte === D || byte === L) {
      stack.push(parent)
      parent = value as typeof parent
    }
  } while (stack.length > 0)
  cursor.at = at
  return root[0] as BencodeValue
}

/** The integer whose digits are `[start, end)`. */
function integer(bytes: Uint8Array, text: Buffer, start: number, end: number): number | bigint {
  if (end - start > 16) {
    const digits = text.toString('latin1', start, end)
    const value = Number(digits)
    return isSafeInteger(value) ? value : toBigInt(digits)
  }
  const negative = bytes[start] === MINUS
  let value = 0
  for (let i = negative ? start + 1 : start; i < end; i++) value = value * 10 + ((bytes[i] as number) - ZERO)
  if (!isSafeInteger(value)) return toBigInt(text.toString('latin1', start, end))
  return negative ? -value : value
}

/** Where the content of the string at `at` begins. */
function stringStart(bytes: Uint8Array, at: number): number {
  let start = at
  while (bytes[start] !== COLON) start++
  return start + 1
}

/** The length in front of a string's content. */
function lengthBefore(bytes: Uint8Array, at: number, start: number): number {
  let length = 0
  for (let i = at; i < start - 1; i++) length = length * 10 + ((bytes[i] as number) - ZERO)
  return length
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i])
}

/** Walks validated dictionaries along `path`, from the value at `from` on. */
function findSpan(bytes: Uint8Array, from: Span, path: readonly string[]): Span | undefined {
  let span = from
  for (const key of path) {
    const inner = valueSpan(bytes, span.start, key)
    if (inner === undefined) return undefined
    span = inner
  }
  return span
}

/** Where the value of `key` lies in the dictionary at `at`; undefined when that is no dictionary or has no such key. */
function valueSpan(bytes: Uint8Array, at: number, key: string): Span | undefined {
  if (bytes[at] !== D) return undefined
  let next = at + 1
  while (bytes[next] !== E) {
    const start = stringStart(bytes, next)
    const valueStart = start + lengthBefore(bytes, next, start)
    next = skip(bytes, valueStart)
    if (isKey(bytes, start, valueStart, key)) return { start: valueStart, end: next }
  }
  return undefined
}

function isKey(bytes: Uint8Array, start: number, end: number, key: string): boolean {
  if (end - start !== key.length) return false
  for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key.charCodeAt(i)) return false
  return true
}

/** Where the validated value at `at` ends. */
function skip(bytes: Uint8Array, at: number): number {
  let depth = 0
  let next = at
  do {
    const byte = bytes[next] as number
    if (byte === D || byte === L) {
      depth++
      next++
    } else if (byte === E) {
      depth--
      next++
    } else if (byte === I) next = bytes.indexOf(E, next) + 1
    else {
      const start = stringStart(bytes, next)
      next = start + lengthBefore(bytes, next, start)
    }
  } while (depth > 0)
  return next
}
