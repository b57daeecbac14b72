// From bytes to values, in two passes: `validate` first, then a builder that may trust every byte it meets. The first pass
// costs a few milliseconds for 10 MB and makes the second one short enough to read. Strings are views into the input, so a
// decoded value keeps the input alive and changes with it; copy what must outlive it.

import { InputError } from '@torrential/primitives'
import { bufferOf, D, E, I, readInteger, integerEnd, L, lengthBefore, plainView, skip, stringStart } from './scan.ts'
import { isText, latin1Of } from './short-texts.ts'
import { type BencodeOptions, validate } from './validate.ts'
import { type BencodeDict, type BencodeValue, isDict } from './value.ts'

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
  return build(plainView(bytes))
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
   * Path of a value that is checked, but left out of the dictionary that it is in: a list of many items, for
   * a `BencodeReader` of what `slice` gives. @default nothing is left out
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
  return { value: build(input, apart), end, span, slice }
}

/** The value that validated bytes begin with, without the one that lies at `apart`. */
function build(bytes: Uint8Array, apart?: Span): BencodeValue {
  const buffer = bufferOf(bytes)
  const root: BencodeValue[] = []
  const stack: (BencodeValue[] | Map<string, BencodeValue>)[] = []
  let parent: BencodeValue[] | Map<string, BencodeValue> = root
  let at = 0
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
      key = latin1Of(bytes, buffer, start, at)
      byte = bytes[at] as number
      if (at === apart?.start) {
        at = apart.end
        continue
      }
    }
    let value: BencodeValue
    if (byte === I) {
      const end = integerEnd(bytes, at)
      value = readInteger(bytes, buffer, at, end)
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
  return root[0] as BencodeValue
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
    if (isText(bytes, start, valueStart, key)) return { start: valueStart, end: next }
  }
  return undefined
}
