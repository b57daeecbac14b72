// For lists so long that all their values at once would cost more memory and time than is good, a file list of 100,000
// dictionaries: the reader steps from value to value, and makes only what it is asked for.

import { bufferOf, D, E, I, readInteger, integerEnd, L, lengthBefore, plainView, skip, stringStart } from './scan.ts'
import { latin1Of } from './short-texts.ts'

/**
 * Stands in front of a value, or at the end of a container. Whoever asks for a value of another type than the one that is there gets
 * `undefined` (or `false`), and the value is stepped over; at the end of a container, or of everything, nothing is.
 */
export class BencodeReader {
  readonly #bytes: Uint8Array
  readonly #buffer: Buffer
  #at = 0

  /** The bytes are trusted: pass nothing that has not been through `validate` or `decodeWithSpans`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = plainView(bytes)
    this.#buffer = bufferOf(bytes)
  }

  /** Steps into a dictionary: what follows are keys, which are `text`, each with its value. */
  enterDict(): boolean {
    return this.#enter(D)
  }

  /** Steps into a list. */
  enterList(): boolean {
    return this.#enter(L)
  }

  /** Steps out of a container whose end is reached; false when there is one more key or item. */
  leave(): boolean {
    if (this.#bytes[this.#at] !== E) return false
    this.#at++
    return true
  }

  /** A key, or a string as latin1: one character per byte. */
  text(): string | undefined {
    const byte = this.#bytes[this.#at]
    if (byte === D || byte === L || byte === I || this.#isEnd) return this.skip()
    const start = stringStart(this.#bytes, this.#at)
    const end = start + lengthBefore(this.#bytes, this.#at, start)
    this.#at = end
    return latin1Of(this.#bytes, this.#buffer, start, end)
  }

  /** An integer, as `decode` gives it. */
  integer(): number | bigint | undefined {
    if (this.#bytes[this.#at] !== I) return this.skip()
    const end = integerEnd(this.#bytes, this.#at)
    const value = readInteger(this.#bytes, this.#buffer, this.#at, end)
    this.#at = end + 1
    return value
  }

  /** The items of a list as `text`, `undefined` for those that are no strings. */
  texts(): (string | undefined)[] | undefined {
    if (!this.enterList()) return undefined
    const texts: (string | undefined)[] = []
    while (!this.leave()) texts.push(this.text())
    return texts
  }

  /** Steps over a value, whatever it is. */
  skip(): undefined {
    if (!this.#isEnd) this.#at = skip(this.#bytes, this.#at)
  }

  get #isEnd(): boolean {
    return this.#at >= this.#bytes.length || this.#bytes[this.#at] === E
  }

  #enter(container: number): boolean {
    if (this.#bytes[this.#at] !== container) {
      this.skip()
      return false
    }
    this.#at++
    return true
  }
}
