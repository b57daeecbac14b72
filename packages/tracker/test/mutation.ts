// Damaged copies of good input, the same ones on every run.

import { type Random, SeededRandom } from '@torrential/primitives'

const { floor } = Math
const splices = [
  'i-1e',
  '-3:',
  'd',
  'l',
  'e',
  '9:__proto__',
  '99999999999:',
  'i99999999999999999999e',
  '%',
  '&',
  '=',
  '%00',
]

/** `count` damaged copies: bits flipped, bytes cut, doubled and put in, and pieces of other bencode spliced in. */
export function* mutants(originals: readonly Uint8Array[], count: number, seed: number): Generator<Buffer> {
  const random = new SeededRandom(seed)
  for (let i = 0; i < count; i++) {
    let bytes: Buffer = Buffer.from(originals[i % originals.length] as Uint8Array)
    for (let damages = 1 + floor(random.next() * 4); damages > 0; damages--) bytes = damage(bytes, random)
    yield bytes
  }
}

function damage(bytes: Buffer, random: Random): Buffer {
  const at = floor(random.next() * (bytes.length + 1))
  const to = at + floor(random.next() * 20)
  switch (floor(random.next() * 6)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << floor(random.next() * 8)
      return bytes
    case 1:
      return bytes.subarray(0, at)
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
    case 3:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
    case 4:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(floor(random.next() * 8)), bytes.subarray(at)])
    default: {
      const splice = splices[floor(random.next() * splices.length)] as string
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(splice), bytes.subarray(at)])
    }
  }
}
