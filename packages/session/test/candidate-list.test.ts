import { describe, expect, test } from '@jest/globals'
import { formatAddress, type PeerAddress, peerAddress, SeededRandom } from '@torrential/primitives'
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

  test('knows when the next one may be tried, and whether one is new, whatever happened before', () => {
    const random = new SeededRandom(7)
    const dice = (sides: number) => Math.floor(random.next() * sides)
    const list = new CandidateList(40)
    /** The same with all of them looked at each time; the order is not in it. */
    const known = new Map<number, { state: string; fails: number; retryAt: number; isUser: boolean }>()
    const wait = (port: number, fails: number, retryAt: number) => {
      const one = known.get(port)
      if (one === undefined) return
      Object.assign(one, { state: 'waiting', fails, retryAt })
      if (fails >= 6 && !one.isUser) known.delete(port)
    }
    const back = (fails: number, first: number) => Math.min(600_000, first * 2 ** fails)
    for (let now = 0, step = 0; step < 5_000; step++) {
      const port = 1 + dice(60)
      const one = known.get(port)
      const acts = [
        () => {
          const isUser = dice(8) === 0
          if (one === undefined && known.size >= 40) return
          list.add(isUser ? user(port) : tracker(port))
          if (one === undefined) known.set(port, { state: 'ready', fails: 0, retryAt: 0, isUser })
          else if (isUser && one.state === 'waiting') one.state = 'ready'
        },
        () => {
          for (const each of known.values()) if (each.state === 'waiting' && each.retryAt <= now) each.state = 'ready'
          const found = list.next(now)
          const taking = found && known.get(found.port)
          expect(taking?.state).toBe(found && 'ready')
          if (taking !== undefined) taking.state = 'dialing'
        },
        () => {
          list.connected(at(port))
          if (one !== undefined) one.state = 'connected'
        },
        () => {
          list.failed(at(port), now)
          wait(port, (one?.fails ?? 0) + 1, now + back(one?.fails ?? 0, 2_000))
        },
        () => {
          list.offended(at(port), now)
          wait(port, (one?.fails ?? 0) + 1, now + back(one?.fails ?? 0, 300_000))
        },
        () => {
          list.released(at(port), now, 30_000)
          wait(port, 0, now + 30_000)
        },
        () => {
          if (one === undefined) return
          list.adopt(at(port))
          if (one.state !== 'dialing') one.state = 'connected'
        },
        () => {
          list.putBack(at(port))
          if (one !== undefined) one.state = 'ready'
        },
        () => {
          if (dice(10) > 0) return
          list.forbid(at(port))
          wait(port, one?.fails ?? 0, Number.POSITIVE_INFINITY)
        },
        () => (now += dice(3_000)),
      ]
      acts[dice(acts.length)]?.()
      const all = [...known.values()]
      const ready = all.filter(({ state }) => state === 'ready')
      const waiting = all.filter(({ state }) => state === 'waiting').map(({ retryAt }) => retryAt)
      expect({ step, size: list.size, hasFresh: list.hasFresh, deadline: list.deadline }).toEqual({
        step,
        size: all.length,
        hasFresh: ready.some(({ fails }) => fails === 0),
        deadline: ready.length > 0 ? 0 : Math.min(Number.POSITIVE_INFINITY, ...waiting),
      })
    }
  })

  test('does not look at all that wait each time somebody asks', () => {
    const list = new CandidateList()
    for (let port = 1; port <= 3_000; port++) list.add(tracker(port))
    for (let port = 1; port <= 3_000; port++) {
      list.next(0)
      list.failed(at(port), 0)
    }
    let looks = 0
    // Each comparison with it counts.
    const now = { valueOf: () => (looks++, 1_000) } as unknown as number
    for (let count = 0; count < 1_000; count++) expect(list.next(now)).toBeUndefined()
    expect(looks).toBeLessThanOrEqual(1_000)
    expect(list.next(2_000)).toEqual(at(1))
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
