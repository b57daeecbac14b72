// The gate: one pass over hostile bytes that says where the value ends, or which rule was broken and at which byte.
//
// Invariant: whatever passes can be walked without any further check (`decode` and `span` rely on it). There is no recursion –
// containers live on an explicit, capped stack – and nothing is allocated from a length that the input claims. Lenient mode
// forgives one thing only, keys out of order, because real torrents have them; duplicate keys are refused in both modes, since
// two readers could otherwise see two different torrents behind one infohash.

import { InputError, toLatin1 } from '@torrential/primitives'

/** Caps on what is accepted; each has a default. */
export interface BencodeLimits {
  /** Containers inside one another. @default 100 */
  readonly maxDepth?: number
  /** Values and keys in all. @default 3,000,000 */
  readonly maxTokens?: number
  /** Bytes of the whole input. @default no limit, since the caller holds the bytes already */
  readonly maxLength?: number
}

/** How to read. */
export interface BencodeOptions extends BencodeLimits {
  /** `lenient` accepts dictionary keys that are out of order. @default 'strict' */
  readonly mode?: 'strict' | 'lenient'
  /** Accept bytes behind the value. @default false */
  readonly allowTrailing?: boolean
}

/** The caps of `BencodeLimits`, as libtorrent has them. */
export const BENCODE_LIMITS: Required<BencodeLimits> = {
  maxDepth: 100,
  maxTokens: 3_000_000,
  maxLength: Number.POSITIVE_INFINITY,
}

/** Digits in an integer, sign apart: what 64 bits can need. */
const MAX_DIGITS = 20
/** Digits in the length of a string: more would be 2^53 and above. */
const MAX_LENGTH_DIGITS = 15

const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const MINUS = 0x2d
const D = 0x64
const E = 0x65
const I = 0x69
const L = 0x6c

/**
 * Checks the value at the start of `bytes` and returns where it ends (exclusive).
 *
 * @throws InputError, always with `data.offset`: `BENCODE_TRUNCATED`, `BENCODE_SYNTAX`, `BENCODE_INTEGER`, `BENCODE_STRING`,
 * `BENCODE_KEY`, `BENCODE_KEY_ORDER`, `BENCODE_KEY_DUPLICATE`, `BENCODE_DEPTH`, `BENCODE_TOKENS`, `BENCODE_LENGTH`,
 * `BENCODE_TRAILING`; `BENCODE_INPUT` when `bytes` is no Uint8Array
 */
export function validate(bytes: Uint8Array, options: BencodeOptions = {}): number {
  if (!(bytes instanceof Uint8Array)) throw new InputError('BENCODE_INPUT', 'bencode is read from a Uint8Array')
  const maxLength = options.maxLength ?? BENCODE_LIMITS.maxLength
  if (bytes.length > maxLength) refuse('BENCODE_LENGTH', maxLength, `more than ${maxLength} bytes`)
  const end = new Gate(bytes, options).run()
  if (end < bytes.length && options.allowTrailing !== true) {
    refuse('BENCODE_TRAILING', end, `${bytes.length - end} bytes behind the value`)
  }
  return end
}

/** An open container. Frames are reused, so that there are at most `maxDepth` of them. */
interface Frame {
  isDict: boolean
  /** In a dictionary: the key was read, its value was not. */
  hasKey: boolean
  /** The key before, in the input; `keyEnd` is -1 before the first. */
  keyStart: number
  keyEnd: number
  /** Lenient mode: where the spans of this dictionary's keys begin in `Gate.#keys`. */
  keysFrom: number
  /** Every key so far, from the first one that is out of order on. */
  seen: Set<string> | undefined
}

class Gate {
  readonly #bytes: Uint8Array
  readonly #lenient: boolean
  readonly #maxDepth: number
  readonly #maxTokens: number
  readonly #frames: Frame[] = []
  /** Lenient mode: start and end of each key of the open dictionaries, so that a late duplicate is found in linear time. */
  readonly #keys: number[] = []
  #depth = 0
  #tokens = 0

  constructor(bytes: Uint8Array, options: BencodeOptions) {
    this.#bytes = bytes
    this.#lenient = options.mode === 'lenient'
    this.#maxDepth = options.maxDepth ?? BENCODE_LIMITS.maxDepth
    this.#maxTokens = options.maxTokens ?? BENCODE_LIMITS.maxTokens
  }

  run(): number {
    let at = 0
    do {
      const frame = this.#depth > 0 ? (this.#frames[this.#depth - 1] as Frame) : undefined
      const byte = this.#bytes[at]
      if (byte === E && frame !== undefined && !frame.hasKey) {
        this.#close(frame)
        at++
      } else {
        this.#count(at)
        at = frame?.isDict === true && !frame.hasKey ? this.#key(frame, at) : this.#value(frame, byte, at)
      }
    } while (this.#depth > 0)
    return at
  }

  #count(at: number): void {
    this.#tokens++
    if (this.#tokens > this.#maxTokens) refuse('BENCODE_TOKENS', at, `more than ${this.#maxTokens} values`)
  }

  #value(frame: Frame | undefined, byte: number | undefined, at: number): number {
    if (frame !== undefined) frame.hasKey = false
    if (byte === D || byte === L) {
      this.#open(byte === D, at)
      return at + 1
    }
    if (byte === I) return integerEnd(this.#bytes, at)
    if (isDigit(byte)) return stringEnd(this.#bytes, at)
    if (byte === undefined) return truncated(at)
    return refuse('BENCODE_SYNTAX', at, `no value begins with byte ${byte}`)
  }

  #open(isDict: boolean, at: number): void {
    if (this.#depth >= this.#maxDepth) refuse('BENCODE_DEPTH', at, `more than ${this.#maxDepth} levels`)
    const frame = this.#frames[this.#depth]
    const keysFrom = this.#keys.length
    if (frame === undefined) {
      this.#frames.push({ isDict, hasKey: false, keyStart: 0, keyEnd: -1, keysFrom, seen: undefined })
    } else {
      // `hasKey` is false and `seen` undefined since the frame was closed.
      frame.isDict = isDict
      frame.keyEnd = -1
      frame.keysFrom = keysFrom
    }
    this.#depth++
  }

  #close(frame: Frame): void {
    this.#keys.length = frame.keysFrom
    frame.seen = undefined
    this.#depth--
  }

  #key(frame: Frame, at: number): number {
    const byte = this.#bytes[at]
    if (byte === undefined) truncated(at)
    if (!isDigit(byte)) refuse('BENCODE_KEY', at, 'a dictionary key is a string')
    const end = stringEnd(this.#bytes, at)
    let start = at
    while (this.#bytes[start] !== COLON) start++
    start++
    const order = frame.keyEnd < 0 ? -1 : this.#compare(frame.keyStart, frame.keyEnd, start, end)
    if (order === 0) duplicate(at)
    if (order > 0 && !this.#lenient) refuse('BENCODE_KEY_ORDER', at, 'a dictionary key is out of order')
    if (this.#lenient) this.#remember(frame, order > 0, start, end)
    frame.keyStart = start
    frame.keyEnd = end
    frame.hasKey = true
    return end
  }

  #remember(frame: Frame, outOfOrder: boolean, start: number, end: number): void {
    if (outOfOrder && frame.seen === undefined) {
      frame.seen = new Set()
      for (let i = frame.keysFrom; i < this.#keys.length; i += 2) {
        frame.seen.add(toLatin1(this.#bytes.subarray(this.#keys[i], this.#keys[i + 1])))
      }
    }
    if (frame.seen === undefined) {
      this.#keys.push(start, end)
      return
    }
    const key = toLatin1(this.#bytes.subarray(start, end))
    if (frame.seen.has(key)) duplicate(start)
    frame.seen.add(key)
  }

  /** Order of two keys by their bytes: negative, 0 or positive. */
  #compare(start: number, end: number, otherStart: number, otherEnd: number): number {
    const bytes = this.#bytes
    const shared = end - start < otherEnd - otherStart ? end - start : otherEnd - otherStart
    for (let i = 0; i < shared; i++) {
      const difference = (bytes[start + i] as number) - (bytes[otherStart + i] as number)
      if (difference !== 0) return difference
    }
    return end - start - (otherEnd - otherStart)
  }
}

/** Where the integer at `at` (an `i`) ends. */
function integerEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1] === MINUS ? at + 2 : at + 1
  let end = first
  while (isDigit(bytes[end])) {
    end++
    if (end - first > MAX_DIGITS) refuse('BENCODE_INTEGER', at, `an integer of more than ${MAX_DIGITS} digits`)
  }
  if (end >= bytes.length) truncated(end)
  if (bytes[end] !== E || end === first) refuse('BENCODE_INTEGER', at, 'a malformed integer')
  // 0 is the only integer that begins with a zero, and it has no sign.
  if (bytes[first] === ZERO && end - at > 2) refuse('BENCODE_INTEGER', at, 'an integer with a needless zero or sign')
  return end + 1
}

/** Where the string at `at` (a digit) ends. */
function stringEnd(bytes: Uint8Array, at: number): number {
  let length = 0
  let end = at
  for (let byte = bytes[end]; isDigit(byte); byte = bytes[end]) {
    length = length * 10 + ((byte as number) - ZERO)
    end++
    if (end - at > MAX_LENGTH_DIGITS) refuse('BENCODE_STRING', at, 'an impossible string length')
  }
  if (end >= bytes.length) truncated(end)
  if (bytes[end] !== COLON) refuse('BENCODE_STRING', at, 'a malformed string length')
  if (bytes[at] === ZERO && end - at > 1) refuse('BENCODE_STRING', at, 'a string length with a needless zero')
  if (length > bytes.length - end - 1) truncated(bytes.length)
  return end + 1 + length
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

function duplicate(offset: number): never {
  refuse('BENCODE_KEY_DUPLICATE', offset, 'a dictionary key comes twice')
}

function truncated(offset: number): never {
  refuse('BENCODE_TRUNCATED', offset, 'the input ends within a value')
}

function refuse(code: string, offset: number, what: string): never {
  throw new InputError(code, `${what}, at byte ${offset}`, { offset })
}
