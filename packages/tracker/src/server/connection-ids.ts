// Connection ids of BEP 15 without any memory of who asked: a keyed hash of the asker's address under a secret that changes
// every two minutes. The current and the previous secret count, so an id is good for two to four minutes, and only for packets
// from the address that really received it: that is what keeps a tracker from being used as an amplifier.

import { hash } from 'node:crypto'
import type { Clock, Random } from '@torrential/primitives'

/** Milliseconds for which a secret is the current one. */
export const SECRET_LIFE = 120_000

const secretLength = 32

export class ConnectionIds {
  readonly #clock: Clock
  readonly #random: Random
  /** Secret and address, hashed together; the address part is overwritten for each packet. */
  #current: Uint8Array
  #previous: Uint8Array
  #changeAt: number

  constructor(parts: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = parts.clock
    this.#random = parts.random
    this.#current = this.#newSecret()
    this.#previous = this.#newSecret()
    this.#changeAt = parts.clock.now() + SECRET_LIFE
  }

  /** Writes the 8 bytes of the id for `address` (4 or 16 bytes) to `target`. */
  write(address: Uint8Array, target: Uint8Array, offset: number): void {
    this.#rotate()
    const id = digest(this.#current, address)
    for (let i = 0; i < 8; i++) target[offset + i] = Number.parseInt(id.slice(2 * i, 2 * i + 2), 16)
  }

  /** True when the 8 bytes at `offset` are an id that `address` was given no more than four minutes ago. */
  accepts(address: Uint8Array, packet: Uint8Array, offset: number): boolean {
    this.#rotate()
    return same(digest(this.#current, address), packet, offset) || same(digest(this.#previous, address), packet, offset)
  }

  #rotate(): void {
    const now = this.#clock.now()
    if (now < this.#changeAt) return
    // After a long sleep the old secret is as stale as the one before it.
    this.#previous = now - this.#changeAt < SECRET_LIFE ? this.#current : this.#newSecret()
    this.#current = this.#newSecret()
    this.#changeAt = now + SECRET_LIFE
  }

  #newSecret(): Uint8Array {
    const secret = new Uint8Array(secretLength + 17)
    secret.set(this.#random.bytes(secretLength))
    return secret
  }
}

/** Hexadecimal because that is by far the quickest way to get a digest out of node:crypto. */
function digest(secret: Uint8Array, address: Uint8Array): string {
  secret.fill(0, secretLength)
  secret[secretLength] = address.length
  secret.set(address, secretLength + 1)
  return hash('sha256', secret, 'hex')
}

/** Looks at all 8 bytes, whatever the first says. */
function same(id: string, packet: Uint8Array, offset: number): boolean {
  let difference = 0
  for (let i = 0; i < 8; i++) {
    difference |=
      (hexDigit(id.charCodeAt(2 * i)) * 16 + hexDigit(id.charCodeAt(2 * i + 1))) ^ (packet[offset + i] as number)
  }
  return difference === 0
}

function hexDigit(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57
}
