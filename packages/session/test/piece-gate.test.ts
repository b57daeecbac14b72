import { describe, expect, test } from '@jest/globals'
import { InputError } from '@torrential/primitives'
import { PieceGate } from '../src/piece-gate.ts'

const outcomeOf = async (wait: Promise<void>) =>
  Promise.race([
    wait.then(
      () => 'here',
      (error: unknown) => (error as Error).message,
    ),
    new Promise<string>((resolve) => setImmediate(resolve, 'waits')),
  ])

describe('readers that wait for a piece', () => {
  test('are woken when it comes, those of other pieces are not', async () => {
    const gate = new PieceGate()
    const first = gate.wait(1, undefined)
    const second = gate.wait(1, new AbortController().signal)
    const other = gate.wait(2, undefined)
    gate.open(1)
    gate.open(7)
    expect(await outcomeOf(first)).toBe('here')
    expect(await outcomeOf(second)).toBe('here')
    expect(await outcomeOf(other)).toBe('waits')
  })

  test('leave with the reason of their signal, alone', async () => {
    const gate = new PieceGate()
    const abort = new AbortController()
    const leaving = gate.wait(1, abort.signal)
    const staying = gate.wait(1, undefined)
    abort.abort(new Error('enough'))
    expect(await outcomeOf(leaving)).toBe('enough')
    expect(await outcomeOf(staying)).toBe('waits')
    expect(() => gate.wait(1, abort.signal)).toThrow('enough')
    gate.open(1)
    expect(await outcomeOf(staying)).toBe('here')
  })

  test('get the error when the gate closes, also those that come later', async () => {
    const gate = new PieceGate()
    const before = gate.wait(1, undefined)
    gate.close(new InputError('TORRENT_CLOSED', 'closed'))
    expect(await outcomeOf(before)).toBe('closed')
    expect(await outcomeOf(gate.wait(2, undefined))).toBe('closed')
  })
})
