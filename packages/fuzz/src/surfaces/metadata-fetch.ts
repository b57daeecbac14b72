// Metadata from peers that lie (BEP 9): a tape of extension payloads from two of them. Only the right bytes are ever believed, and
// a claimed length costs nothing.

import { createHash } from 'node:crypto'
import { peerAddress, type PeerId, type PeerKey, PeerError, SeededRandom } from '@torrential/primitives'
import { MetadataFetch } from '@torrential/engine'
import { FAST } from '../../../engine/test/swarm-bench.ts'
import { dictionary } from '../bencode-grammar.ts'
import type { Dice } from '../dice.ts'
import { text, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const METADATA = text('d6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae')
const HASH = new Uint8Array(createHash('sha1').update(METADATA).digest())
const GREETINGS = [METADATA.length, 0, 16_384, 16 * 2 ** 20, 2 ** 31, 2 ** 40].map(
  (length) => `d1:md11:ut_metadatai3ee13:metadata_sizei${length}ee`,
)
const RIGHT = `d8:msg_typei1e5:piecei0e10:total_sizei${METADATA.length}ee${Buffer.from(METADATA).toString('latin1')}`

export const metadataFetch: Surface = {
  name: 'metadata-fetch',
  seeds: [
    tape([
      [0, 0, text(GREETINGS[0] as string)],
      [0, 1, text(RIGHT)],
    ]),
  ],
  words: texts('msg_typei1e', 'total_sizei9e', '13:metadata_sizei16777216e', RIGHT),
  generate: (dice) => tape(Array.from({ length: 1 + dice.size(12) }, () => said(dice))),
  judge(input) {
    const fetch = new MetadataFetch({ hashes: { infoHashV1: HASH }, random: new SeededRandom(1) })
    const codes = new Set<string>()
    let now = 0
    let bytes: Uint8Array | undefined
    let left = 5_000
    const drain = () => {
      for (let action = fetch.next(); action !== undefined; action = fetch.next()) {
        expectThat(left-- > 0, 'too much is done for too little')
        if (action.type === 'metadata') bytes = action.bytes
        else if (action.type === 'close') {
          expectThat(action.error instanceof PeerError, 'a connection ends with another error')
          codes.add(action.error.code)
          fetch.disconnected(action.peer, now)
        }
      }
    }
    for (const key of [1, 2]) {
      const info = {
        peerId: new Uint8Array(20) as PeerId,
        capabilities: FAST,
        address: peerAddress(`10.0.0.${key}`, 1),
        incoming: false,
      }
      fetch.connected(key as PeerKey, info, now)
    }
    for (let at = 0; at + 3 < input.length; ) {
      const who = (1 + ((input[at] ?? 0) & 1)) as PeerKey
      const length = ((input[at + 2] ?? 0) << 8) | (input[at + 3] ?? 0)
      const payload = input.subarray(at + 4, at + 4 + length)
      fetch.received(who, [{ type: 'extended', id: input[at + 1] ?? 0, payload }], now)
      drain()
      at += 4 + length
      now += 50
      if (fetch.deadline <= now) fetch.tick(now)
      drain()
    }
    if (bytes !== undefined) expectThat(Buffer.compare(bytes, METADATA) === 0, 'other bytes are believed')
    return `${bytes !== undefined} ${[...codes].sort().join(' ')}`
  },
}

function said(dice: Dice): readonly [number, number, Uint8Array] {
  const greeting = dice.oneIn(3)
  const keys = ['msg_type', 'piece', 'total_size', 'm', 'metadata_size', 'ut_metadata']
  const payload = greeting
    ? dice.pick(GREETINGS)
    : dice.oneIn(3)
      ? RIGHT
      : dictionary(dice, keys) + 'x'.repeat(dice.size(20))
  return [dice.below(2), greeting ? 0 : dice.below(4), text(payload)]
}

function tape(parts: readonly (readonly [number, number, Uint8Array])[]): Uint8Array {
  const bytes = parts.map(([who, id, payload]) =>
    Buffer.concat([Uint8Array.of(who, id, payload.length >> 8, payload.length & 255), payload]),
  )
  return new Uint8Array(Buffer.concat(bytes))
}
