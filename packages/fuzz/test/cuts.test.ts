// Recorded streams, cut in two at every single place: what is read does not depend on where the cut is.

import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { encode } from '@torrential/bencode'
import { infoHashFrom, peerIdFrom } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { type Handshake, HandshakeDecoder, type Message, MessageDecoder } from '@torrential/protocol'
import { HttpTracker } from '@torrential/tracker'
import { createTrackerServer } from '@torrential/tracker/server'
import { type Recording, readRecordings } from '../src/index.ts'
import { decodeJournal, encodeJournalEntry, encodeJournalHead } from '../../session/src/state/resume-journal.ts'

const wires = readRecordings().filter(({ name }) => name.startsWith('wire-'))

interface Conversation {
  readonly handshake: Handshake | undefined
  readonly messages: readonly Message[]
}

/** A connection's bytes as handshake and messages, from chunks as they come. */
function read(chunks: readonly Uint8Array[]): Conversation {
  const handshake = new HandshakeDecoder()
  const decoder = new MessageDecoder()
  const messages: Message[] = []
  for (const chunk of chunks) {
    const taken = handshake.push(chunk)
    if (taken < chunk.length) messages.push(...decoder.push(chunk.subarray(taken)))
  }
  decoder.end()
  return { handshake: handshake.handshake, messages }
}

function isSame(a: Conversation, b: Conversation): boolean {
  return isSameValue(a.handshake, b.handshake) && isSameValue(a.messages, b.messages)
}

/** Quick enough for tens of thousands of comparisons. */
function isSameValue(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => isSameValue(a[key as never], b[key as never]))
}

describe('Recorded connections with libtorrent, cut at every place', () => {
  test.each(wires.map((wire) => [wire.name, wire] as const))('%s', (_name, { bytes }: Recording) => {
    const whole = read([bytes])
    expect(whole.handshake).toBeDefined()
    expect(whole.messages.length).toBeGreaterThan(4)
    const different: number[] = []
    for (let at = 1; at < bytes.length; at++) {
      if (!isSame(read([bytes.subarray(0, at), bytes.subarray(at)]), whole)) different.push(at)
    }
    expect(different).toEqual([])
    const bytewise = read(Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1)))
    expect(isSame(bytewise, whole)).toBe(true)
  })

  test('hold messages of every kind that such connections consist of', () => {
    const types = new Set(wires.flatMap(({ bytes }) => read([bytes]).messages.map(({ type }) => type)))
    const spoken = ['extended', 'piece', 'request', 'interested', 'unchoke', 'have', 'hash-request', 'hashes']
    expect([...types]).toEqual(expect.arrayContaining(spoken))
  })
})

const infoHash = infoHashFrom(new Uint8Array(20).fill(7))
const peerId = peerIdFrom(Buffer.from('-TO0010-abcdefghijkl'))

/** Resolves when what was written before has left, so that the next write is a segment of its own. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('A reply of a tracker over HTTP, cut at every place', () => {
  const body = encode({ interval: 900, complete: 3, peers: Uint8Array.of(10, 0, 0, 1, 0x1a, 0xe1) })
  const sized = [`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`, body, '']
  const chunked = [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    `${body.length.toString(16)}\r\n`,
    body,
    '\r\n0\r\n\r\n',
  ]

  test.each([
    ['with its length', sized],
    ['in chunks', chunked],
  ])('%s', async (_how, parts) => {
    const reply = Buffer.concat(parts.map((part) => Buffer.from(part)))
    let cut = 0
    const server: Server = createServer((socket) => {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write(reply.subarray(0, cut), () => void turn().then(() => socket.end(reply.subarray(cut))))
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const tracker = new HttpTracker({ clock: systemClock })
    const url = `http://127.0.0.1:${port}/announce`
    const request = { infoHash, peerId, port: 6881, uploaded: 0, downloaded: 0, left: 1 }
    try {
      for (cut = 1; cut < reply.length; cut++) {
        const { interval, seeders, peers } = await tracker.announce(url, request)
        expect([interval, seeders, peers.map(({ address }) => address.host)]).toEqual([900_000, 3, ['10.0.0.1']])
      }
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

test('An announce over HTTP, cut at every place, is answered alike', async () => {
  await using server = await createTrackerServer({ host: '127.0.0.1', udp: false })
  const query = `info_hash=${'%07'.repeat(20)}&peer_id=-TO0001-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=1`
  const request = Buffer.from(`GET /announce?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  const answers = new Set<string>()
  for (let cut = 1; cut < request.length; cut++) {
    const socket = connect(server.address.port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.setNoDelay(true).on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.write(request.subarray(0, cut), () => void turn().then(() => socket.write(request.subarray(cut))))
    await once(socket, 'close')
    const answer = Buffer.concat(chunks).toString('latin1')
    answers.add(answer.replace(/^Date: .*$/m, ''))
  }
  expect(answers.size).toBe(1)
  expect([...answers][0]).toMatch(/^HTTP\/1.1 200 OK/)
})

test('A journal of the state folder, torn at every place, says what its whole lines say', () => {
  const entries = Array.from({ length: 6 }, (_, at) => ({
    time: at,
    uploaded: at,
    downloaded: at,
    gained: [at, at + 7],
  }))
  const lines = [encodeJournalHead('epoch', 'boot'), ...entries.map((entry) => encodeJournalEntry(entry))]
  const bytes = Buffer.from(lines.join(''))
  for (let cut = 0; cut <= bytes.length; cut++) {
    const found = decodeJournal(bytes.subarray(0, cut), 40)
    const whole = bytes.subarray(0, cut).toString().split('\n').length - 1
    expect(found?.entries.length).toBe(whole === 0 ? undefined : whole - 1)
  }
})
