import { EventEmitter } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import type { ByteDuplex } from '@torrential/contracts'
import { SeededRandom, VirtualClock } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import { connectWire, Wire } from '@torrential/wire'
import {
  bytesOf,
  codeOf,
  handshakeOf,
  receiveAll,
  settle,
  socketPair,
  streamOf,
  tcpWires,
  THEIRS,
  turn,
} from './peers.ts'

const block = new Uint8Array(16_384).fill(7)
const piece: Message = { type: 'piece', piece: 0, offset: 0, block }

/** A duplex that only writes down what is done to it. */
class FakeDuplex extends EventEmitter {
  readonly log: (string | number)[] = []
  full = false

  write(chunk: Uint8Array): boolean {
    this.log.push(chunk.length)
    return !this.full
  }
  end() {
    this.log.push('end')
  }
  destroy() {
    this.log.push('destroy')
    queueMicrotask(() => this.emit('close'))
  }
  pause() {
    this.log.push('pause')
  }
  resume() {
    this.log.push('resume')
  }
  cork() {
    this.log.push('cork')
  }
  uncork() {
    this.log.push('uncork')
  }
  listeners_(): number {
    return this.eventNames().reduce((sum, name) => sum + this.listenerCount(name), 0)
  }
}

async function connected(clock = new VirtualClock()) {
  const duplex = new FakeDuplex()
  const wire = new Wire({ clock, highWaterMark: 4_000_000 })
  connectWire(wire, streamOf(duplex as unknown as ByteDuplex), { clock })
  const done = wire.handshake(handshakeOf(1))
  duplex.emit('data', THEIRS)
  await done
  await settle()
  duplex.log.length = 0
  return { wire, duplex }
}

describe('a wire on a connection', () => {
  test('everything of one turn leaves between cork and uncork', async () => {
    const { wire, duplex } = await connected()
    wire.send(piece)
    wire.send({ type: 'choke' })
    wire.send(piece)
    await settle()
    expect(duplex.log).toEqual(['cork', 13, 16_384, 18, 16_384, 'uncork'])
    await wire.close()
  })

  test('stops giving once the connection is full and a burst is out, and goes on with its drain', async () => {
    const { wire, duplex } = await connected()
    duplex.full = true
    for (let i = 0; i < 100; i++) wire.send(piece)
    await settle()
    const bytes = () => duplex.log.reduce<number>((sum, entry) => sum + (typeof entry === 'number' ? entry : 0), 0)
    expect(bytes()).toBeLessThan(131_072 + 16_397)
    for (let i = 0; i < 20; i++) wire.send({ type: 'choke' })
    await settle()
    expect(bytes()).toBeLessThan(131_072 + 16_397)
    duplex.full = false
    duplex.emit('drain')
    await settle()
    expect(bytes()).toBe(100 * 16_397 + 20 * 5)
    await wire.close()
  })

  test('tells what has left for good when a connection that forgets on its drain has drained, and of no other', async () => {
    for (const forgetsOnDrain of [true, false]) {
      const duplex = new FakeDuplex()
      const wire = new Wire({ clock: new VirtualClock() })
      const left: Uint8Array[] = []
      const stream = { ...streamOf(duplex as unknown as ByteDuplex), forgetsOnDrain }
      connectWire(wire, stream, { clock: new VirtualClock(), left: (chunks) => void left.push(...chunks) })
      const done = wire.handshake(handshakeOf(1))
      duplex.emit('data', THEIRS)
      await done
      wire.send(piece)
      await settle()
      expect(left).toEqual([])
      duplex.emit('drain')
      expect(left.includes(block)).toBe(forgetsOnDrain)
      const told = left.length
      duplex.emit('drain')
      expect(left).toHaveLength(told)
      await wire.close()
    }
  })

  test('small bursts to a connection that is full do not pile up there either', async () => {
    const { wire, duplex } = await connected()
    duplex.full = true
    for (let i = 0; i < 50; i++) {
      wire.send(piece)
      await settle()
    }
    expect(duplex.log.filter((entry) => entry === 16_384)).toHaveLength(1)
    await wire.close()
  })

  test('pauses the connection while nobody pulls', async () => {
    const { wire, duplex } = await connected()
    const read = bytesOf(piece, piece, piece, piece)
    for (let i = 0; i < 6 && !duplex.log.includes('pause'); i++) {
      duplex.emit('data', read)
      await settle()
    }
    expect(duplex.log).toEqual(['pause'])
    const messages = wire.receive()
    for (let i = 0; i < 5; i++) await messages.next()
    await settle()
    expect(duplex.log).toEqual(['pause', 'resume'])
    await wire.close()
  })

  test('leaves no listener and no timer behind, whichever side closes', async () => {
    const clock = new VirtualClock()
    const first = await connected(clock)
    await first.wire.close()
    await settle()
    expect(first.duplex.listeners_()).toBe(0)
    expect(first.duplex.log).toEqual(['destroy'])
    const second = await connected(clock)
    second.duplex.emit('close')
    await settle()
    expect(second.wire.failure?.code).toBe('CONNECTION_CLOSED')
    expect(second.duplex.listeners_()).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('a clean end may flush for five seconds, then the connection is destroyed', async () => {
    const clock = new VirtualClock()
    const { wire, duplex } = await connected(clock)
    const received = receiveAll(wire)
    duplex.emit('end')
    expect(await received).toEqual([])
    await settle()
    expect([wire.destroyed, duplex.log]).toEqual([true, ['end']])
    await clock.advanceAsync(5000)
    expect(duplex.log).toEqual(['end', 'destroy'])
    expect(clock.pending).toBe(0)
  })

  test('nothing is written any more once the peer has ended: a connection is not half-open', async () => {
    const { wire, duplex } = await connected()
    duplex.emit('data', bytesOf({ type: 'have', piece: 1 }))
    duplex.emit('end')
    await settle()
    wire.send(piece)
    await settle()
    expect(await receiveAll(wire)).toHaveLength(1)
    await settle()
    expect(duplex.log).toEqual(['end'])
    duplex.emit('close')
  })

  test('a reader that is behind still gets everything after a clean end', async () => {
    const { wire, duplex } = await connected()
    for (let at = 0; at < 5; at++) duplex.emit('data', bytesOf({ type: 'have', piece: at }))
    duplex.emit('end')
    duplex.emit('close')
    await settle()
    expect(await receiveAll(wire)).toHaveLength(5)
    await settle()
    expect([wire.destroyed, wire.failure]).toEqual([true, undefined])
  })

  test.each([
    ['ECONNRESET', 'CONNECTION_RESET'],
    ['EPIPE', 'CONNECTION_RESET'],
    ['ETIMEDOUT', 'CONNECTION_TIMEOUT'],
    ['EWHATEVER', 'CONNECTION_FAILED'],
    ['constructor', 'CONNECTION_FAILED'],
  ])('the system’s %s is %s', async (system, ours) => {
    const { wire, duplex } = await connected()
    const next = wire.receive().next()
    duplex.emit('error', Object.assign(new Error('failed'), { code: system }))
    expect(await codeOf(next)).toBe(ours)
    await wire.close()
  })

  test('a wire that is closed already closes the connection', () => {
    const duplex = new FakeDuplex()
    const wire = new Wire()
    wire.destroy()
    connectWire(wire, streamOf(duplex as unknown as ByteDuplex))
    expect(duplex.log).toEqual(['destroy'])
  })
})

describe('over TCP', () => {
  test('blocks that are asked for arrive whole, in order, whatever the reads look like', async () => {
    const [left, right] = await tcpWires({ highWaterMark: 200_000 })
    const random = new SeededRandom(3)
    const source = random.bytes(16_384 + 64)
    const serving = (async () => {
      for await (const batch of right.receive()) {
        for (const message of batch) {
          if (message.type !== 'request') continue
          const answer = source.subarray(message.offset, message.offset + message.length)
          if (!right.send({ type: 'piece', piece: message.piece, offset: message.offset, block: answer })) {
            await right.drained()
          }
        }
      }
    })()
    let asked = 0
    const ask = () => left.send({ type: 'request', piece: asked++, offset: asked % 64, length: 16_384 - (asked % 7) })
    for (let i = 0; i < 100; i++) ask()
    let got = 0
    for await (const batch of left.receive()) {
      for (const message of batch) {
        if (message.type !== 'piece' || message.piece !== got) throw new Error('out of order')
        got++
        const expected = source.subarray(message.offset, message.offset + 16_384 - (got % 7))
        if (Buffer.compare(message.block, expected) !== 0) throw new Error('corrupt')
        if (asked < 3000) ask()
      }
      if (got === 3000) break
    }
    expect(left.bytesIn).toBe(right.bytesOut)
    left.finish()
    await serving
    await Promise.all([left.close(), right.close()])
  })

  test('a reader that stops holds the sender: memory stays bounded on both sides', async () => {
    const [left, right] = await tcpWires()
    let sent = 0
    // The kernel's buffers take some megabytes; what matters is that it ends, and that the wire holds no more than its mark.
    while (left.send(piece)) {
      sent++
      await turn()
    }
    expect(left.buffered).toBeLessThan(1_048_576 + 16_397)
    expect(right.bytesIn).toBeLessThan(262_144 + 3 * 65_536)
    const drained = left.drained()
    let got = 0
    for await (const batch of right.receive()) {
      got += batch.length
      if (got === sent + 1) break
    }
    await drained
    await Promise.all([left.close(), right.close()])
  })

  test('a peer that half-closes gets what was written before, and what it sent before is read', async () => {
    const [raw, accepted] = await socketPair()
    const wire = new Wire()
    connectWire(wire, streamOf(accepted))
    const received: Buffer[] = []
    raw.on('data', (chunk: Buffer) => received.push(chunk))
    const closed = new Promise((resolve) => raw.on('close', resolve))
    raw.write(THEIRS)
    await wire.accept(() => handshakeOf(1))
    for (let i = 0; i < 5; i++) wire.send(piece)
    await settle()
    raw.end(bytesOf({ type: 'have', piece: 5 }, { type: 'request', piece: 0, offset: 0, length: 1 }))
    const ended = new Promise((resolve) => accepted.on('end', resolve))
    accepted.resume()
    await ended
    // The reader answers late: to nobody, and without harm.
    expect((await wire.receive().next()).value).toHaveLength(2)
    wire.send(piece)
    expect(await receiveAll(wire)).toEqual([])
    await closed
    expect(Buffer.concat(received)).toHaveLength(68 + 5 * 16_397)
    expect(wire.failure).toBeUndefined()
  })

  test('a reset is a reset', async () => {
    const [raw, accepted] = await socketPair()
    const wire = new Wire()
    connectWire(wire, streamOf(accepted))
    raw.write(THEIRS)
    await wire.accept(() => handshakeOf(1))
    const next = wire.receive().next()
    raw.resetAndDestroy()
    expect(await codeOf(next)).toBe('CONNECTION_RESET')
    await wire.close()
  })

  test('garbage ends the connection with its reason', async () => {
    const [raw, accepted] = await socketPair()
    const wire = new Wire()
    connectWire(wire, streamOf(accepted))
    raw.on('error', () => {})
    const closed = new Promise((resolve) => raw.on('close', resolve))
    raw.write(THEIRS)
    await wire.accept(() => handshakeOf(1))
    raw.write(new SeededRandom(5).bytes(1000))
    expect(await codeOf(receiveAll(wire))).toBe('MESSAGE_LENGTH')
    raw.resume()
    await closed
  })

  test('closing our side closes theirs', async () => {
    const [left, right] = await tcpWires()
    const received = receiveAll(right)
    await left.close()
    expect(['resolved', 'CONNECTION_RESET']).toContain(await codeOf(received))
    await right.close()
  })
})
