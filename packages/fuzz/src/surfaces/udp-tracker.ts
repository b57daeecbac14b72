// UDP trackers (BEP 15, 41): replies as the client's machine takes them, in both of its states, and requests as the server reads them.

import { UdpExchange } from '../../../tracker/src/udp-exchange.ts'
import {
  announcePacket,
  readAnnounceReply,
  readErrorMessage,
  readScrapeReply,
  scrapePacket,
} from '../../../tracker/src/udp-packet.ts'
import { printableText } from '../../../tracker/src/printable-text.ts'
import { compactPeers } from '../../../tracker/src/reply-peers.ts'
import { isConnect, readAnnounce, readScrape } from '../../../tracker/src/server/udp-request.ts'
import { InputError } from '@torrential/primitives'
import type { Dice } from '../dice.ts'
import { isCount, outcomeOf } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const ID = new Uint8Array(8).fill(1)
const TRANSACTION = 7
const REQUEST = {
  infoHash: new Uint8Array(20).fill(7),
  peerId: new Uint8Array(20).fill(8),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 3,
} as never

export const udpReply: Surface = {
  name: 'udp-tracker-reply',
  seeds: [
    words(0, TRANSACTION, 0, 7),
    words(1, TRANSACTION, 600, 1, 2, 0x0a000001, 0x1ae10a00),
    words(2, TRANSACTION, 1, 2, 3),
    words(3, TRANSACTION, 0x6e6f0000),
  ],
  words: [words(TRANSACTION), words(0), words(1), words(2), words(3), words(2 ** 32 - 1)],
  generate: (dice) => words(dice.below(5), TRANSACTION, ...Array.from({ length: dice.size(30) }, () => dice.uint32())),
  judge(input) {
    const seen: string[] = []
    for (const known of [undefined, { id: ID, expires: 1_000 }]) seen.push(exchange(input, known))
    for (const family of [4, 6] as const) {
      const figures = readAnnounceReply(input, family)
      if (figures === undefined) continue
      const peers = outcomeOf(InputError, /^COMPACT_LENGTH$/, () => compactPeers(figures.peers, family))
      seen.push('code' in peers ? peers.code : String(peers.value.length > 0))
      if ('value' in peers) for (const { address } of peers.value) expectThat(address.port > 0, 'port 0')
    }
    for (const one of readScrapeReply(input, 1) ?? [])
      expectThat(isCount(one.seeders) && isCount(one.leechers), 'impossible figures')
    // oxlint-disable-next-line no-control-regex
    expectThat(!/[\u0000-\u001f]/.test(printableText(readErrorMessage(input))), 'a message with control characters')
    return seen.join(' | ')
  },
}

function exchange(input: Uint8Array, known: { id: Uint8Array; expires: number } | undefined): string {
  const machine = new UdpExchange({
    now: 0,
    action: 1,
    request: (id, transaction) => announcePacket(id, transaction, REQUEST, ''),
    replyLength: 20,
    newTransactionId: () => TRANSACTION,
    known,
  })
  const said: string[] = []
  machine.received(input, 1)
  for (let output = machine.next(); output !== undefined; output = machine.next()) {
    said.push(output.type)
    expectThat(said.length < 10, 'it talks without an end')
  }
  for (let ticks = 0; Number.isFinite(machine.deadline); ticks++) {
    expectThat(ticks < 30, 'it tries without an end')
    machine.tick(machine.deadline)
  }
  return said.join(' ')
}

export const udpRequest: Surface = {
  name: 'udp-tracker-request',
  seeds: [
    words(0x417, 0x27101980, 0, 1),
    new Uint8Array(announcePacket(ID, 1, REQUEST, '/announce?passkey=1234567890')),
    new Uint8Array(scrapePacket(ID, 1, [new Uint8Array(20), new Uint8Array(20)] as never)),
  ],
  words: [Uint8Array.of(2, 3, 97, 98, 99), Uint8Array.of(2, 255), Uint8Array.of(1), Uint8Array.of(0), words(3)],
  generate: (dice) => new Uint8Array(Buffer.concat([ID, words(1, 1), dice.bytes(82), options(dice)])),
  judge(input) {
    const asked = readAnnounce(input)
    const scraped = readScrape(input, 74)
    if (scraped !== undefined)
      expectThat(scraped.length <= 74 && scraped.every(({ length }) => length === 20), 'odd hashes')
    if (asked === undefined) return `${isConnect(input)} ${scraped === undefined}`
    expectThat(asked.infoHash.length === 20 && asked.peerId.length === 20, 'hashes of another length')
    expectThat(asked.urlData.length <= input.length && isCount(asked.numWant), 'more than was sent')
    return `accepted ${asked.event} ${asked.urlData !== ''} ${asked.numWant === undefined}`
  },
}

function options(dice: Dice): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      Array.from({ length: dice.size(6) }, () =>
        Uint8Array.of(dice.below(4), dice.size(20), ...dice.bytes(dice.size(20))),
      ),
    ),
  )
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, at) => bytes.writeUInt32BE(value >>> 0, 4 * at))
  return new Uint8Array(bytes)
}
