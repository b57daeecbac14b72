import { describe, expect, test } from '@jest/globals'
import { infoHashFrom, VirtualClock } from '@torrential/primitives'
import { encodeHandshake, type Handshake } from '@torrential/protocol'
import { Wire } from '@torrential/wire'
import { bytesOf, codeOf, handshakeOf, settle, THEIRS, wirePair } from './peers.ts'

const OTHER = infoHashFrom(new Uint8Array(20).fill(0xbb))

function sentBy(wire: Wire): Uint8Array[] {
  const sent: Uint8Array[] = []
  wire.on('data', (chunk) => sent.push(chunk))
  return sent
}

describe('the initiator', () => {
  test('sends its handshake first and gets the other one', async () => {
    const wire = new Wire()
    const sent = sentBy(wire)
    const remote = wire.handshake(handshakeOf(1))
    await settle()
    expect(sent).toEqual([encodeHandshake(handshakeOf(1))])
    wire.write(THEIRS)
    expect(await remote).toMatchObject(handshakeOf(2))
    expect([wire.bytesIn, wire.bytesOut]).toEqual([68, 68])
    await wire.close()
  })

  test('refuses an answer for another torrent', async () => {
    const wire = new Wire()
    const remote = wire.handshake(handshakeOf(1))
    wire.write(encodeHandshake(handshakeOf(2, OTHER)))
    expect(await codeOf(remote)).toBe('HANDSHAKE_INFOHASH')
    expect(wire.failure?.code).toBe('HANDSHAKE_INFOHASH')
    expect(await codeOf(wire.receive().next())).toBe('HANDSHAKE_INFOHASH')
  })

  test('takes an answer for the other infohash of a hybrid torrent', async () => {
    const wire = new Wire()
    const remote = wire.handshake(handshakeOf(1), { alternatives: [OTHER] })
    wire.write(encodeHandshake(handshakeOf(2, OTHER)))
    expect((await remote).infoHash).toEqual(OTHER)
    await wire.close()
  })
})

describe('the receiver', () => {
  test('reads first, then answers', async () => {
    const wire = new Wire()
    const sent = sentBy(wire)
    const asked: Handshake[] = []
    const remote = wire.accept((handshake) => {
      asked.push(handshake)
      return handshakeOf(1)
    })
    await settle()
    expect(sent).toEqual([])
    wire.write(THEIRS)
    expect(await remote).toMatchObject(handshakeOf(2))
    await settle()
    expect(asked).toHaveLength(1)
    expect(sent).toEqual([encodeHandshake(handshakeOf(1))])
    await wire.close()
  })

  test('may take its time for the answer, but not more than the handshake has', async () => {
    const clock = new VirtualClock()
    const wire = new Wire({ clock })
    const sent = sentBy(wire)
    let resolve: (handshake: Handshake) => void = () => {}
    const ready = new Promise<Handshake>((done) => (resolve = done))
    const remote = wire.accept(() => ready, { timeout: 100 })
    wire.write(THEIRS)
    await settle()
    clock.advance(99)
    expect(sent).toEqual([])
    resolve(handshakeOf(1))
    expect(await remote).toMatchObject(handshakeOf(2))
    await settle()
    expect(sent).toEqual([encodeHandshake(handshakeOf(1))])
    await wire.close()

    const late = new Wire({ clock })
    const outcome = codeOf(late.accept(() => new Promise(() => {}), { timeout: 100 }))
    late.write(THEIRS)
    await settle()
    clock.advance(100)
    expect(await outcome).toBe('HANDSHAKE_TIMEOUT')
    expect(late.destroyed).toBe(true)
  })

  test('waits no longer for the answer when the peer has gone', async () => {
    const wire = new Wire()
    const outcome = codeOf(wire.accept(() => new Promise(() => {})))
    wire.write(THEIRS)
    await settle()
    wire.end()
    expect(await outcome).toBe('CONNECTION_CLOSED')
  })

  test('closes without an answer when it does not know the torrent', async () => {
    const wire = new Wire()
    const sent = sentBy(wire)
    const remote = wire.accept(() => undefined)
    wire.write(THEIRS)
    expect(await codeOf(remote)).toBe('HANDSHAKE_UNKNOWN_TORRENT')
    await wire.close()
    expect(sent).toEqual([])
  })

  test('closes when the answer throws, and hands the error on', async () => {
    const wire = new Wire()
    const remote = wire.accept(() => {
      throw new RangeError('no')
    })
    wire.write(THEIRS)
    await expect(remote).rejects.toThrow('no')
    await wire.close()
    expect(wire.destroyed).toBe(true)
  })
})

describe('both', () => {
  test('work when every byte comes alone', async () => {
    const wire = new Wire()
    const remote = wire.accept(() => handshakeOf(1))
    const stream = Buffer.concat([THEIRS, bytesOf({ type: 'have', piece: 3 }, { type: 'unchoke' })])
    for (const byte of stream) wire.write(Uint8Array.of(byte))
    expect(await remote).toMatchObject(handshakeOf(2))
    const messages = wire.receive()
    expect((await messages.next()).value).toEqual([{ type: 'have', piece: 3 }])
    expect((await messages.next()).value).toEqual([{ type: 'unchoke' }])
    await wire.close()
  })

  test('keep messages that came in the same read as the handshake, and read them with a piece count set after it', async () => {
    const stream = Buffer.concat([THEIRS, bytesOf({ type: 'bitfield', bitfield: new Uint8Array(3) })])
    const wire = new Wire()
    wire.write(stream)
    await wire.accept(() => handshakeOf(1))
    wire.pieceCount = 24
    expect((await wire.receive().next()).value).toEqual([{ type: 'bitfield', bitfield: Buffer.alloc(3) }])
    await wire.close()

    const strict = new Wire()
    strict.write(stream)
    await strict.accept(() => handshakeOf(1))
    strict.pieceCount = 25
    expect(await codeOf(strict.receive().next())).toBe('MESSAGE_LENGTH')
  })

  test.each([
    ['something that is not BitTorrent', Buffer.from('GET / HTTP/1.1\r\n'), 'HANDSHAKE_PROTOCOL'],
    ['the end in the middle', THEIRS.subarray(0, 40), 'HANDSHAKE_TRUNCATED'],
    ['the end before the first byte', new Uint8Array(0), 'CONNECTION_CLOSED'],
  ])('are told of %s', async (_what, bytes, code) => {
    const wires = [new Wire(), new Wire()] as const
    const promises = [wires[0].handshake(handshakeOf(1)), wires[1].accept(() => handshakeOf(1))]
    for (const wire of wires) {
      wire.write(bytes)
      wire.end()
    }
    expect(await Promise.all(promises.map(codeOf))).toEqual([code, code])
  })

  test('give up after ten seconds, or after the time asked for', async () => {
    const clock = new VirtualClock()
    const slow = new Wire({ clock }).handshake(handshakeOf(1))
    const quick = new Wire({ clock }).accept(() => handshakeOf(1), { timeout: 100 })
    const outcomes = [codeOf(slow), codeOf(quick)]
    let settled = 0
    for (const outcome of outcomes) void outcome.then(() => settled++)
    await clock.advanceAsync(99)
    expect(settled).toBe(0)
    await clock.advanceAsync(1)
    await settle()
    expect(settled).toBe(1)
    await clock.advanceAsync(9900)
    expect(await Promise.all(outcomes)).toEqual(['HANDSHAKE_TIMEOUT', 'HANDSHAKE_TIMEOUT'])
    expect(clock.pending).toBe(0)
  })

  test('leave no timer of the handshake behind when it is done', async () => {
    const clock = new VirtualClock()
    const [left, right] = await wirePair({ clock })
    // One keep-alive each.
    expect(clock.pending).toBe(2)
    await Promise.all([left.close(), right.close()])
    expect(clock.pending).toBe(0)
  })

  test('stop with the signal’s reason, which also closes the wire', async () => {
    const controller = new AbortController()
    const clock = new VirtualClock()
    const wire = new Wire({ clock })
    const remote = wire.handshake(handshakeOf(1), { signal: controller.signal })
    const reason = new Error('stop')
    controller.abort(reason)
    await expect(remote).rejects.toBe(reason)
    await wire.close()
    expect(clock.pending).toBe(0)
    const late = new Wire({ clock })
    await expect(late.accept(() => handshakeOf(1), { signal: controller.signal })).rejects.toBe(reason)
    await late.close()
  })

  test('may begin once only, with sound options', async () => {
    const wire = new Wire()
    await expect(wire.handshake(handshakeOf(1), { timeout: 0 })).rejects.toMatchObject({ code: 'OPTION_RANGE' })
    const remote = wire.handshake(handshakeOf(1))
    expect(await codeOf(wire.handshake(handshakeOf(1)))).toBe('HANDSHAKE_TWICE')
    expect(await codeOf(wire.accept(() => handshakeOf(1)))).toBe('HANDSHAKE_TWICE')
    wire.write(THEIRS)
    await remote
    await wire.close()
  })

  test('are refused on a wire that is closed', async () => {
    const wire = new Wire()
    await wire.close()
    expect(await codeOf(wire.handshake(handshakeOf(1)))).toBe('WIRE_CLOSED')
  })

  test('are refused when the peer has gone before our answer', async () => {
    const wire = new Wire()
    wire.write(THEIRS)
    wire.end()
    expect(await codeOf(wire.accept(() => handshakeOf(1)))).toBe('CONNECTION_CLOSED')
    await wire.close()
  })

  test('no message goes out before our handshake', async () => {
    const wire = new Wire()
    expect(() => wire.send({ type: 'choke' })).toThrow(expect.objectContaining({ code: 'HANDSHAKE_FIRST' }))
    await wire.close()
  })
})
