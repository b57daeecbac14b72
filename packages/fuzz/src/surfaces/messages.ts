// Messages between peers, as a stream: cut anywhere they are the same, and what was read is what stands there.

import { encodedLength, encodeMessage, type Message, MessageDecoder } from '@torrential/protocol'
import { PeerError } from '@torrential/primitives'
import { VECTORS, bytesOf } from '../../../protocol/test/messages.ts'
import type { Dice } from '../dice.ts'
import { outcomeOf, shown } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const SEEDS = VECTORS.map(([, hex]) => bytesOf(hex))

export const messages: Surface = {
  name: 'messages',
  seeds: [...SEEDS, new Uint8Array(Buffer.concat(SEEDS))],
  words: [
    [0, 0, 0, 1],
    [0, 0, 0, 13],
    [0x7f, 0xff, 0xff, 0xff],
    [0xff, 0xff, 0xff, 0xff],
    [0, 0x10, 0, 1],
    [20, 0],
    [0, 0, 0, 0],
  ].map((word) => Uint8Array.from(word)),
  generate: (dice) => {
    const parts = Array.from({ length: 1 + dice.size(6) }, () => anyFrame(dice))
    return new Uint8Array(Buffer.concat(parts))
  },
  judge(input) {
    const whole = decodeChunks([input])
    const middle = Math.floor(input.length / 2)
    const halves = decodeChunks([input.subarray(0, middle), input.subarray(middle)])
    expectThat(shown(halves) === shown(whole), 'cut in the middle it is another stream')
    const crumbs = decodeChunks(
      Array.from({ length: Math.min(input.length, 300) }, (_, at) => input.subarray(at, at + 1)),
    )
    if (input.length <= 300) expectThat(shown(crumbs) === shown(whole), 'byte by byte it is another stream')
    const again = Buffer.concat(whole.messages.map((message) => encodeMessage(message)))
    expectThat(again.length === whole.messages.reduce((sum, one) => sum + encodedLength(one), 0), 'lengths differ')
    expectThat(Buffer.compare(again, input.subarray(0, again.length)) === 0, 'it is written in another way')
    return `${whole.messages[0]?.type} ${whole.end}`
  },
}

/** What a stream of chunks holds, and how it ends. */
export function decodeChunks(chunks: readonly Uint8Array[]): { messages: Message[]; end: string } {
  const decoder = new MessageDecoder()
  const found: Message[] = []
  const end = outcomeOf(PeerError, /^MESSAGE_(?:LENGTH|VALUE|TRUNCATED)$/, () => {
    for (const chunk of chunks) {
      for (const message of decoder.push(chunk)) found.push(apart(message))
      if (decoder.failure !== undefined) throw decoder.failure
    }
    decoder.end()
    return 'ended'
  })
  return { messages: found, end: 'code' in end ? end.code : end.value }
}

/** Payloads are views into the chunks, which may be Buffers. */
function apart(message: Message): Message {
  const entries = Object.entries(message).map(([key, value]: [string, unknown]) => [
    key,
    value instanceof Uint8Array ? new Uint8Array(value) : value,
  ])
  return Object.fromEntries(entries) as Message
}

/** A length and an id that fit as often as not, and a body. */
export function anyFrame(dice: Dice): Uint8Array {
  if (!dice.oneIn(3)) return dice.pick(SEEDS)
  const body = dice.bytes(dice.size(60))
  const head = Buffer.alloc(5)
  head.writeUInt32BE(dice.oneIn(4) ? dice.uint32() : body.length + 1)
  head[4] = dice.oneIn(2) ? dice.below(24) : dice.below(256)
  return new Uint8Array(Buffer.concat([head, body]))
}
