import { describe, expect, test } from '@jest/globals'
import { InputError, PeerError, StorageError } from '@torrential/primitives'
import { Interruption } from '../src/cli-context.ts'
import { exitCodeOf, worseOf } from '../src/exit-code.ts'
import { CommandError, failureLine, failureOf, stackOf } from '../src/failure.ts'

describe('failureOf', () => {
  test('keeps the code and message of our own errors', () => {
    expect(failureOf(new InputError('TORRENT_NAME', 'no name'))).toEqual({ code: 'TORRENT_NAME', message: 'no name' })
  })

  test('takes the code of a system error out of its message', () => {
    const error = Object.assign(new Error("ENOENT: no such file or directory, open 'x'"), { code: 'ENOENT' })
    expect(failureOf(error)).toEqual({ code: 'ENOENT', message: "no such file or directory, open 'x'" })
  })

  test.each([new TypeError('x is not a function'), 'a string', undefined, null, { code: 5 }, Object.create(null)])(
    'calls everything else INTERNAL',
    (error) => {
      expect(failureOf(error).code).toBe('INTERNAL')
    },
  )

  test('a line is one line, whatever a remote put into the message', () => {
    const line = failureLine(failureOf(new InputError('X', 'a\nerror: FAKE: b\u001b[31m\r\u009b2J')))
    expect(line).toBe('error: X: a error: FAKE: b [31m 2J\n')
  })
})

test('stacks include the causes', () => {
  const text = stackOf(new InputError('OUTER', 'outer', { cause: new Error('inner') }))
  expect(text).toMatch(/outer[\s\S]+caused by: Error: inner/)
})

describe('exitCodeOf', () => {
  test('bad input is 2, failures are 1, interruptions bring their own', () => {
    expect(exitCodeOf(new InputError('TORRENT_NAME', ''))).toBe(2)
    expect(exitCodeOf(new StorageError('ENOSPC', ''))).toBe(1)
    expect(exitCodeOf(new PeerError('X', ''))).toBe(1)
    expect(exitCodeOf(new CommandError('INCOMPLETE', ''))).toBe(1)
    expect(exitCodeOf(new Error('bug'))).toBe(1)
    expect(exitCodeOf(new Interruption('SIGINT', 130))).toBe(130)
  })

  test('a port that is taken is a failure of the moment', () => {
    expect(exitCodeOf(new InputError('LISTEN_IN_USE', ''))).toBe(1)
  })

  test('of several failures bad input wins', () => {
    expect(worseOf(1, 2)).toBe(2)
    expect(worseOf(1, 0)).toBe(1)
  })
})
