import { describe, expect, test } from '@jest/globals'
import { type KnownConnection, UdpExchange, type UdpExchangeOutput } from '../src/udp-exchange.ts'
import { connectReply, words } from './odd-udp-server.ts'

/** An exchange whose transaction ids count up from 100, and whose request is `connectionId transactionId`. */
function exchange(known?: KnownConnection) {
  let transactionId = 99
  return new UdpExchange({
    now: 0,
    action: 1,
    request: (id, tid) => Buffer.concat([id, words(1, tid)]),
    replyLength: 20,
    newTransactionId: () => (transactionId += 1),
    known,
  })
}

function outputs(machine: UdpExchange): UdpExchangeOutput[] {
  const all: UdpExchangeOutput[] = []
  for (let output = machine.next(); output !== undefined; output = machine.next()) all.push(output)
  return all
}

function sent(machine: UdpExchange): Buffer {
  const packets = outputs(machine).filter((output) => output.type === 'send')
  expect(packets).toHaveLength(1)
  return Buffer.from(packets[0]!.packet)
}

const types = (machine: UdpExchange) => outputs(machine).map(({ type }) => type)
const reply = (transactionId: number) => Buffer.concat([words(1, transactionId, 60, 0, 0)])

describe('a UDP exchange', () => {
  test('connects, asks, and is done', () => {
    const machine = exchange()
    const connect = sent(machine)
    expect(connect.toString('hex')).toBe('00000417271019800000000000000064')
    machine.received(connectReply(connect), 10)
    const [connected, request] = outputs(machine)
    expect(connected).toMatchObject({ type: 'connected', connection: { expires: 60_010 } })
    expect(request).toMatchObject({ type: 'send', transactionId: 101 })
    machine.received(reply(101), 20)
    expect(outputs(machine)).toEqual([{ type: 'done', packet: reply(101) }])
    expect(machine.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  test('asks at once when a fresh connection id is known', () => {
    const machine = exchange({ id: new Uint8Array(8).fill(5), expires: 1 })
    expect(sent(machine).toString('hex')).toBe('05050505050505050000000100000064')
  })

  test('connects first when the known id is too old', () => {
    expect(sent(exchange({ id: new Uint8Array(8), expires: 0 }))).toHaveLength(16)
  })

  test('repeats after 15·2^n seconds, eight times, then gives up', () => {
    const machine = exchange()
    let now = 0
    for (let n = 0; n <= 8; n++) {
      expect(types(machine)).toEqual(['send'])
      machine.tick(now + 15_000 * 2 ** n - 1)
      expect(types(machine)).toEqual([])
      now += 15_000 * 2 ** n
      expect(machine.deadline).toBe(now)
      machine.tick(now)
    }
    expect(outputs(machine)).toEqual([{ type: 'failed', reason: 'timeout', message: 'no answer' }])
  })

  test('starts over the waiting times once it is connected', () => {
    const machine = exchange()
    machine.tick(15_000)
    const packets = outputs(machine).map((output) => (output.type === 'send' ? Buffer.from(output.packet) : undefined))
    machine.received(connectReply(packets[1]!), 20_000)
    expect(machine.deadline).toBe(35_000)
  })

  test('connects anew when the connection id grew old while it waited', () => {
    const machine = exchange()
    machine.received(connectReply(sent(machine)), 0)
    outputs(machine)
    for (const now of [15_000, 45_000]) machine.tick(now)
    expect(outputs(machine).map((output) => (output.type === 'send' ? output.packet.length : 0))).toEqual([16, 16])
    machine.tick(105_000)
    expect(sent(machine).toString('hex')).toMatch(/^0000041727101980/)
  })

  test('ignores foreign transaction ids and packets too short to have one', () => {
    const machine = exchange()
    const connect = sent(machine)
    const foreign = connectReply(connect)
    foreign[7] = 1
    for (const packet of [foreign, Buffer.alloc(0), connectReply(connect).subarray(0, 7)]) machine.received(packet, 1)
    expect(outputs(machine)).toEqual([])
  })

  test('ignores a second answer to its connect', () => {
    const machine = exchange()
    const connect = sent(machine)
    machine.received(connectReply(connect), 1)
    outputs(machine)
    machine.received(connectReply(connect), 2)
    expect(outputs(machine)).toEqual([])
  })

  test.each([
    ['a connect reply of 15 bytes', (c: Buffer) => connectReply(c).subarray(0, 15)],
    ['another action in reply to a connect', (c: Buffer) => Buffer.concat([words(2), c.subarray(12), words(0, 0)])],
  ])('fails for %s', (_what, make) => {
    const machine = exchange()
    machine.received(make(sent(machine)), 1)
    expect(outputs(machine)).toMatchObject([{ type: 'failed', reason: 'reply' }])
  })

  test.each([
    ['a short reply', words(1, 101, 60, 0)],
    ['another action', words(2, 101, 60, 0, 0)],
  ])('fails for %s to its request', (_what, packet) => {
    const machine = exchange()
    machine.received(connectReply(sent(machine)), 0)
    outputs(machine)
    machine.received(packet, 1)
    expect(outputs(machine)).toMatchObject([{ type: 'failed', reason: 'reply' }])
  })

  test('believes an error of a fresh connection', () => {
    const machine = exchange()
    machine.received(connectReply(sent(machine)), 0)
    outputs(machine)
    machine.received(Buffer.concat([words(3, 101), Buffer.from('full')]), 1)
    expect(outputs(machine)).toEqual([{ type: 'failed', reason: 'failure', message: 'full' }])
  })

  test('connects anew, once, when a remembered connection id is refused', () => {
    const machine = exchange({ id: new Uint8Array(8), expires: 1_000 })
    sent(machine)
    machine.received(words(3, 100), 1)
    const [forget, connect] = outputs(machine)
    expect(forget).toEqual({ type: 'forget' })
    expect(connect).toMatchObject({ type: 'send', transactionId: 101 })
    machine.received(words(0, 101, 1, 2), 2)
    outputs(machine)
    machine.received(words(3, 102), 3)
    expect(outputs(machine)).toMatchObject([{ type: 'failed', reason: 'failure' }])
  })
})
