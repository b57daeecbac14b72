import { describe, expect, test } from '@jest/globals'
import type { RemoteInfo, Socket } from 'node:dgram'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { UdpReplies } from '../../src/server/udp-replies.ts'

const to: RemoteInfo = { address: '127.0.0.1', family: 'IPv4', port: 6881, size: 98 }

/** A socket that writes down what it is told. */
class FakeSocket {
  readonly sent: string[] = []
  queued = 0
  failing = false

  getSendQueueSize(): number {
    return this.queued
  }

  send(bytes: Uint8Array, port: number, host: string): void {
    if (this.failing) throw new Error('ERR_SOCKET_DGRAM_NOT_RUNNING')
    this.sent.push(`${bytes[0]} to ${host}:${port}`)
  }
}

function start() {
  const socket = new FakeSocket()
  const errors: unknown[] = []
  const counts = { dropped: 0 }
  const replies = new UdpReplies({
    socket: socket as unknown as Socket,
    onDropped: () => counts.dropped++,
    onError: (cause) => errors.push(cause),
  })
  const add = (...first: number[]) => {
    for (const byte of first) replies.add(Uint8Array.of(byte), to)
  }
  return { socket, errors, counts, replies, add }
}

describe('replies of the UDP tracker', () => {
  test('leave together at the end of the turn, in order', async () => {
    const { socket, add } = start()
    add(1, 2, 3)
    await Promise.resolve()
    expect(socket.sent).toEqual([])
    await nextTurn()
    expect(socket.sent).toEqual(['1 to 127.0.0.1:6881', '2 to 127.0.0.1:6881', '3 to 127.0.0.1:6881'])
    add(4)
    expect(socket.sent).toHaveLength(3)
    await nextTurn()
    expect(socket.sent.at(-1)).toBe('4 to 127.0.0.1:6881')
  })

  test('leave at once when 64 wait, and none of them twice', async () => {
    const { socket, add } = start()
    add(...Array.from({ length: 63 }, (_, index) => index))
    expect(socket.sent).toEqual([])
    add(63, 64)
    expect(socket.sent).toHaveLength(64)
    await nextTurn()
    expect(socket.sent).toHaveLength(65)
    expect(new Set(socket.sent).size).toBe(65)
  })

  test('are dropped while more than 1 MiB waits in the system', async () => {
    const { socket, counts, add } = start()
    socket.queued = 1_048_577
    add(1, 2)
    await nextTurn()
    expect(socket.sent).toEqual([])
    expect(counts.dropped).toBe(2)
    socket.queued = 1_048_576
    add(3)
    await nextTurn()
    expect(socket.sent).toHaveLength(1)
  })

  test('that cannot be sent are reported one by one, and later ones leave', async () => {
    const { socket, errors, add } = start()
    socket.failing = true
    add(1, 2)
    await nextTurn()
    expect(errors).toHaveLength(2)
    socket.failing = false
    add(3)
    await nextTurn()
    expect(socket.sent).toHaveLength(1)
  })

  test('leave before the socket is closed, and nothing is sent afterwards', async () => {
    const { socket, errors, replies, add } = start()
    add(1, 2)
    replies.close()
    expect(socket.sent).toHaveLength(2)
    socket.failing = true
    add(3)
    await nextTurn()
    expect(socket.sent).toHaveLength(2)
    expect(errors).toEqual([])
  })
})
