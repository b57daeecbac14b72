// Arguments of the command, parted by NUL. What the commands do is left out: here it is about what they are given.

import { runCli } from '../../../cli/src/run-cli.ts'
import type { CommandTable } from '../../../cli/src/program.ts'
import { texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const COMMANDS = ['info', 'create', 'edit', 'download', 'seed', 'verify', 'cat', 'tracker', 'demo'] as const
const ARGUMENTS = [
  '--path',
  '--json',
  '--port',
  '--host',
  '--peer',
  '--tracker',
  '--web-seed',
  '--max-down',
  '--max-up',
  '--state',
  '--select',
  '--output',
  '-o',
  '--piece-length',
  '--similar',
  '--collection',
  '--size',
  '--v1',
  '--v2',
  '--hybrid',
  '--private',
  '--seed',
  '--no-trackers',
  '--help',
  '--version',
  '-V',
  '--',
  '-',
  '--__proto__',
  '--constructor',
]
const VALUES = [
  'a',
  '',
  '0',
  '65536',
  '6881',
  '-1',
  '1e9',
  '16K',
  '16384',
  '513M',
  '1.2.3.4:5',
  '[::1]:6',
  ':',
  '1.2.3.4',
  '::1',
  'http://t.example/announce',
  'udp://t.example:1',
  'file:///x',
  'javascript:1',
  'aa'.repeat(20),
  '\u202e',
  '%00',
  '../x',
  '9'.repeat(400),
]

export const commandLine: Surface = {
  name: 'command-line',
  weight: 0.15,
  seeds: texts(
    'info\0a',
    'create\0a\0-o\0b\0--tracker\0http://t.example/announce',
    'download\0a\0--peer\x001.2.3.4:5\0--port\x000',
    'tracker\0--json',
    '--help',
    '--version',
  ),
  words: texts('\0', '--', '\0--json', '=', '\0-o\0x', '__proto__'),
  generate(dice) {
    const others = Array.from({ length: dice.size(10) }, () =>
      dice.oneIn(2) ? dice.pick(ARGUMENTS) : dice.pick(VALUES),
    )
    return new Uint8Array(Buffer.from([dice.pick(COMMANDS), ...others].join('\0')))
  },
  async judge(input) {
    const args = Buffer.from(input).toString().split('\0')
    let stderr = ''
    let written = 0
    let called = ''
    const stream = (keep: (text: string) => void) => ({
      write: (data: string | Uint8Array) => (keep(String(data)), true),
      once: () => {},
      off: () => {},
    })
    const context = {
      stdout: stream((text) => (written += text.length)),
      stderr: stream((text) => (stderr += text)),
      stdin: none(),
      env: {},
      signal: new AbortController().signal,
    }
    const table = Object.fromEntries(
      COMMANDS.map((name) => [name, async () => ((called = name), 0)]),
    ) as unknown as CommandTable
    const code = await runCli(args, context, table)
    expectThat(code === 0 || code === 2, `exit code ${code}`)
    expectThat((code === 0) === (stderr === ''), 'success with an error, or a mistake without one')
    expectThat(stderr.split('\n').length <= 2 && !/\n\s+at /.test(stderr), 'more than a line about the mistake')
    if (called !== '') return `runs ${called}`
    if (code === 0) return `prints ${written > 0}`
    return /\b[A-Z]+(?:_[A-Z]+)+\b/.exec(stderr)?.[0] ?? 'no code'
  },
}

async function* none(): AsyncGenerator<Uint8Array> {}
