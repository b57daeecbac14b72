import { describe, expect, test } from '@jest/globals'
import { PeerError } from '@torrential/primitives'
import type { Message, PieceMessage } from '@torrential/protocol'
import { Wire, wireDuplex } from '@torrential/wire'
import { pipe } from 'it-pipe'
import { bytesOf, codeOf, handshakeOf, plain, receiveAll, settle, socketPair, THEIRS } from './peers.ts'

const piece: PieceMessage = { type: 'piece', piece: 0, offset: 0, block: new Uint8Array(16_384).fill(7) }

async function talk(left: Wire, right: Wire): Promise<void> {
  await Promise.all([left.handshake(handshakeOf(1)), right.accept(() => handshakeOf(2))])
  const received = receiveAll(right)
  const sent: Message[] = []
  for (let at = 0; at < 200; at++) {
    const message: Message = at % 2 === 0 ? { ...piece, piece: at } : { type: 'have', piece: at }
    sent.push(message)
    if (!left.send(message)) await left.drained()
  }
  left.finish()
  expect(plain(await received)).toEqual(plain(sent))
  expect(await receiveAll(left)).toEqual([])
}

describe('with it-pipe', () => {
  test('two wires back to back', async () => {
    const [left, right] = [new Wire({ highWaterMark: 50_000 }), new Wire()]
    const ends = wireDuplex(left)
    const piped = pipe(ends, wireDuplex(right), ends)
    await talk(left, right)
    await piped
  })

  test('two wires over TCP, with a stage in between', async () => {
    const [near, far] = await socketPair()
    const [left, right] = [new Wire(), new Wire()]
    let counted = 0
    async function* count(source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        counted += chunk.length
        yield chunk
      }
    }
    const sinkOf = (socket: typeof near) => async (source: AsyncIterable<Uint8Array>) => {
      for await (const chunk of source) {
        if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve))
      }
      socket.end()
    }
    const piped = Promise.all([
      pipe(wireDuplex(left).source, count, sinkOf(near)),
      wireDuplex(left).sink(near as AsyncIterable<Uint8Array>),
      pipe(wireDuplex(right).source, sinkOf(far)),
      pipe(far as AsyncIterable<Uint8Array>, (source) => wireDuplex(right).sink(source)),
    ])
    await talk(left, right)
    await piped
    expect(counted).toBe(left.bytesOut)
  })

  test('a source is not pulled while nobody reads the messages', async () => {
    const wire = new Wire({ incomingHighWaterMark: 50_000 })
    let pulled = 0
    const sunk = wireDuplex(wire).sink(
      (function* () {
        yield THEIRS
        for (; pulled < 100; pulled++) yield bytesOf(piece)
      })(),
    )
    await wire.accept(() => handshakeOf(1))
    await settle()
    expect(pulled).toBeLessThan(8)
    expect(await receiveAll(wire)).toHaveLength(100)
    await sunk
    await wire.close()
  })

  test('a source that fails closes the wire with its error as the cause', async () => {
    const wire = new Wire()
    const cause = new Error('disk on fire')
    const sunk = wireDuplex(wire).sink(
      (async function* () {
        yield THEIRS
        throw cause
      })(),
    )
    await expect(sunk).rejects.toBe(cause)
    expect(wire.failure).toMatchObject({ code: 'CONNECTION_FAILED', cause })
  })

  test('a wire that closes stops the source and tells why', async () => {
    const wire = new Wire({ incomingHighWaterMark: 100 })
    let returned = false
    const sunk = wireDuplex(wire).sink(
      (async function* () {
        try {
          for (;;) yield bytesOf(piece)
        } finally {
          returned = true
        }
      })(),
    )
    await settle()
    await wire.close(new PeerError('PEER_BANNED', 'banned'))
    expect(await codeOf(sunk)).toBe('PEER_BANNED')
    expect(returned).toBe(true)
  })
})
