import { SeededRandom, VirtualClock } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { ConnectionIds, SECRET_LIFE } from '../../src/server/connection-ids.ts'

const ipv4 = Uint8Array.of(127, 0, 0, 1)
const ipv6 = new Uint8Array(16).fill(3)

function ids() {
  const clock = new VirtualClock()
  return { clock, ids: new ConnectionIds({ clock, random: new SeededRandom(1) }) }
}

function idFor(connectionIds: ConnectionIds, address: Uint8Array): Uint8Array {
  const packet = new Uint8Array(10)
  connectionIds.write(address, packet, 1)
  return packet
}

describe('connection ids', () => {
  test('are good for the address that they were made for, and for no other', () => {
    const { ids: made } = ids()
    for (const address of [ipv4, ipv6]) {
      expect(made.accepts(address, idFor(made, address), 1)).toBe(true)
      expect(made.accepts(Uint8Array.of(127, 0, 0, 2), idFor(made, address), 1)).toBe(false)
    }
    expect(made.accepts(ipv4, new Uint8Array(10), 1)).toBe(false)
  })

  test('with one bit changed are worthless', () => {
    const { ids: made } = ids()
    for (let bit = 0; bit < 64; bit++) {
      const packet = idFor(made, ipv4)
      packet[1 + (bit >> 3)]! ^= 1 << (bit & 7)
      expect(made.accepts(ipv4, packet, 1)).toBe(false)
    }
  })

  test('live two to four minutes', () => {
    const { clock, ids: made } = ids()
    clock.advance(SECRET_LIFE - 1)
    const late = idFor(made, ipv4)
    clock.advance(1)
    const early = idFor(made, ipv4)
    clock.advance(SECRET_LIFE - 1)
    expect(made.accepts(ipv4, late, 1)).toBe(true)
    clock.advance(1)
    expect(made.accepts(ipv4, late, 1)).toBe(false)
    expect(made.accepts(ipv4, early, 1)).toBe(true)
    clock.advance(SECRET_LIFE)
    expect(made.accepts(ipv4, early, 1)).toBe(false)
  })

  test('do not survive a long sleep', () => {
    const { clock, ids: made } = ids()
    const packet = idFor(made, ipv4)
    clock.advance(10 * SECRET_LIFE)
    expect(made.accepts(ipv4, packet, 1)).toBe(false)
  })

  test('of two trackers differ', () => {
    const clock = new VirtualClock()
    const [a, b] = [1, 2].map((seed) => new ConnectionIds({ clock, random: new SeededRandom(seed) }))
    expect(b!.accepts(ipv4, idFor(a!, ipv4), 1)).toBe(false)
  })
})
