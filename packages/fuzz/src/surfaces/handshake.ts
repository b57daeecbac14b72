// The first 68 bytes: the same verdict whole and byte by byte, and the same bytes when written again.

import { decodeHandshake, encodeHandshake, HANDSHAKE_LENGTH, HandshakeDecoder } from '@torrential/protocol'
import { PeerError } from '@torrential/primitives'
import { outcomeOf, text, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const SEED = `\x13BitTorrent protocol\0\0\0\0\0\x10\0\x05${'h'.repeat(20)}-TO0001-abcdefghijkl`

export const handshake: Surface = {
  name: 'handshake',
  seeds: texts(SEED, SEED.slice(0, 48), `\x13BitTorrent protocol${'\xff'.repeat(48)}`),
  words: texts('\x13BitTorrent protocol', '\0\0\0\0\0\0\0\0'),
  generate: (dice) => new Uint8Array(Buffer.concat([text(SEED.slice(0, 20)), dice.bytes(48 + dice.size(8))])),
  judge(input) {
    const whole = outcomeOf(PeerError, /^HANDSHAKE_[A-Z_]+$/, () => decodeHandshake(input))
    const decoder = new HandshakeDecoder()
    const slow = outcomeOf(PeerError, /^HANDSHAKE_[A-Z_]+$/, () => {
      let taken = 0
      for (let at = 0; at < input.length && at < HANDSHAKE_LENGTH; at++)
        taken += decoder.push(input.subarray(at, at + 1))
      return taken
    })
    if ('code' in whole) {
      // The name of the protocol is judged at the first byte that differs, the length at the end.
      if (whole.code === 'HANDSHAKE_PROTOCOL') expectThat('code' in slow, 'byte by byte another protocol passes')
      return whole.code
    }
    expectThat('value' in slow && slow.value === HANDSHAKE_LENGTH, 'byte by byte it is refused')
    expectThat(Buffer.compare(encodeHandshake(whole.value), input) === 0, 'it is written in another way')
    return `accepted ${JSON.stringify(whole.value.capabilities)}`
  },
}
