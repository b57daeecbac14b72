import { describe, expect, test } from '@jest/globals'
import { formatAddress, type PeerAddress, peerAddress } from '@torrential/primitives'
import { CandidateList } from '../src/candidate-list.ts'

const at = (port: number): PeerAddress => peerAddress('10.0.0.1', port)
const tracker = (port: number) => ({ address: at(port), origin: 'tracker' as const })
const user = (port: number) => ({ address: at(port), origin: 'user' as const })
const taken = (list: CandidateList, now = 0) => {
  const address = list.next(now)
  return address && formatAddress(address)
}

describe('the list of candidates', () => {
  test('gives each address once, in order, those that the user named first', () => {
    const list = new CandidateList()
    expect([list.add(tracker(1)), list.add(tracker(2)), list.add(tracker(1)), list.add(user(3))]).toEqual([
      true,
      true,
      false,
      true,
    ])
    expect([taken(list), taken(list), taken(list), taken(list)]).toEqual([
      '10.0.0.1:3',
      '10.0.0.1:1',
      '10.0.0.1:2',
      undefined,
    ])
    expect(list.size).toBe(3)
  })

  test('keeps the order in which the user named them', () => {
    const list = new CandidateList()
    for (const port of [1, 2]) list.add(tracker(port))
    for (const port of [5, 4, 3]) list.add(user(port))
    expect([taken(list), taken(list), taken(list)]).toEqual(['10.0.0.1:5', '10.0.0.1:4', '10.0.0.1:3'])
  })

  test('waits for minutes after an offence, and does not count such an address as new', () => {
    const list = new CandidateList()
    list.add(tracker(1))
    list.next(0)
    list.offended(at(1), 0)
    expect([list.deadline, list.hasFresh]).toEqual([300_000, false])
    expect(taken(list, 300_000)).toBe('10.0.0.1:1')
    list.offended(at(1), 300_000)
    expect(list.deadline).toBe(900_000)
    list.add(tracker(2))
    expect(list.hasFresh).toBe(true)
  })

  test('when it is full, forgets what is forbidden, then what failed, for what is new; never what may be good', () => {
    const list = new CandidateList(3)
    for (const port of [1, 2, 3]) list.add(tracker(port))
    for (let count = 0; count < 3; count++) list.next(0)
    list.failed(at(1), 0)
    list.forbid(at(2))
    list.released(at(3), 0, 30_000)
    expect([4, 5, 6].map((port) => list.add(tracker(port)))).toEqual([true, true, false])
    expect([taken(list, 30_000), taken(list), taken(list), taken(list)]).toEqual([
      '10.0.0.1:4',
      '10.0.0.1:5',
      '10.0.0.1:3',
      undefined,
    ])
  })

  test('takes no more strangers than its limit, but everybody whom the user names, and nobody at port 0', () => {
    const list = new CandidateList(2)
    expect([list.add(tracker(1)), list.add(tracker(2)), list.add(tracker(3))]).toEqual([true, true, false])
    expect(list.add(user(4))).toBe(true)
    expect(list.add(user(0))).toBe(false)
    expect(list.size).toBe(3)
  })

  test('waits twice as long after each failure, ten minutes at most, and forgets an address after the sixth', () => {
    const list = new CandidateList()
    list.add(tracker(1))
    const waits: number[] = []
    let now = 0
    for (let fails = 0; fails < 5; fails++) {
      list.next(now)
      list.failed(at(1), now)
      expect(list.next(list.deadline - 1)).toBeUndefined()
      waits.push(list.deadline - now)
      now = list.deadline
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000])
    list.next(now)
    list.failed(at(1), now)
    expect(list.size).toBe(0)
    expect(list.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  test('never forgets what the user named, and tries at once when the user names it again', () => {
    const list = new CandidateList()
    list.add(user(1))
    for (let fails = 0; fails < 20; fails++) {
      list.next(Number.MAX_SAFE_INTEGER)
      list.failed(at(1), 0)
    }
    expect(list.deadline).toBe(600_000)
    expect(list.next(0)).toBeUndefined()
    expect(list.add(user(1))).toBe(false)
    expect(taken(list)).toBe('10.0.0.1:1')
  })

  test('brings a released address back later, with its failures forgotten', () => {
    const list = new CandidateList()
    list.add(tracker(1))
    list.next(0)
    list.failed(at(1), 0)
    list.next(2_000)
    list.connected(at(1))
    list.released(at(1), 10_000, 30_000)
    expect(list.deadline).toBe(40_000)
    expect(taken(list, 39_999)).toBeUndefined()
    expect(taken(list, 40_000)).toBe('10.0.0.1:1')
    list.failed(at(1), 40_000)
    expect(list.deadline).toBe(42_000)
  })

  test('gives an address that was put back again at once, and a forbidden one never, whoever brings it', () => {
    const list = new CandidateList()
    list.add(tracker(1))
    list.next(0)
    expect(list.deadline).toBe(Number.POSITIVE_INFINITY)
    list.putBack(at(1))
    expect(list.deadline).toBe(0)
    list.next(0)
    list.forbid(at(1))
    expect(list.add(tracker(1))).toBe(false)
    expect(list.next(Number.MAX_SAFE_INTEGER)).toBeUndefined()
    expect(list.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  test('brings back at once what was of no use, when something is needed again', () => {
    const list = new CandidateList()
    for (const port of [1, 2, 3]) list.add(tracker(port))
    for (let count = 0; count < 3; count++) list.next(0)
    list.released(at(1), 0, 1_800_000)
    list.useless(at(1))
    list.released(at(2), 0, 30_000)
    list.forbid(at(3))
    list.useless(at(3))
    expect(list.reconsider()).toBe(true)
    expect([taken(list), taken(list)]).toEqual(['10.0.0.1:1', undefined])
    expect(list.reconsider()).toBe(false)
  })

  test('does not give the address of a peer that is connected already, because it dialed us', () => {
    const list = new CandidateList()
    list.add(tracker(1))
    list.adopt(at(1))
    list.adopt(at(2))
    expect(list.size).toBe(2)
    expect(list.next(0)).toBeUndefined()
    list.released(at(2), 0, 30_000)
    expect(taken(list, 30_000)).toBe('10.0.0.1:2')
  })

  test('ignores what it is told of addresses that it does not know', () => {
    const list = new CandidateList()
    list.connected(at(1))
    list.failed(at(1), 0)
    list.released(at(1), 0, 1)
    list.forbid(at(1))
    list.putBack(at(1))
    expect(list.size).toBe(0)
    expect(list.next(0)).toBeUndefined()
  })
})
