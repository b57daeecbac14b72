import { describe, expect, test } from '@jest/globals'
import { InputError } from '@torrential/primitives'
import { byteCount, infoHashes, localHost, peerTargets, port, someText, texts, urls } from '../src/option-values.ts'

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
  return 'accepted'
}

describe('byteCount', () => {
  test.each([
    ['1', 1],
    ['65536', 65_536],
    ['500K', 512_000],
    ['500k', 512_000],
    ['1.5M', 1_572_864],
    ['2G', 2_147_483_648],
    ['16KiB', 16_384],
    ['16KB', 16_384],
    ['7B', 7],
  ])('reads %s', (text, bytes) => {
    expect(byteCount('--size')(text)).toBe(bytes)
  })

  test.each([
    '',
    '0',
    '-1',
    '1e9',
    '0x10',
    'K',
    '1T',
    '1.5',
    '0.5K',
    ' 1',
    '1 K',
    'NaN',
    'Infinity',
    '999999999999999G',
    '1K\n',
  ])('refuses %j or rounds it to whole bytes', (text) => {
    const outcome = codeOf(() => byteCount('--size')(text))
    // Fractions of a byte are cut; everything else here is a mistake.
    expect(outcome).toBe(text === '1.5' || text === '0.5K' ? 'accepted' : 'OPTION_VALUE')
  })
})

describe('port', () => {
  test.each(['0', '1', '6881', '65535'])('reads %s', (text) => {
    expect(port('--port')(text)).toBe(Number(text))
  })

  test.each(['', '-1', '65536', '1.5', '0x1', '99999999', 'http', '1 '])('refuses %j', (text) => {
    expect(codeOf(() => port('--port')(text))).toBe('OPTION_VALUE')
  })
})

describe('localHost', () => {
  test('makes addresses canonical', () => {
    expect(localHost('--host')('127.0.0.1')).toBe('127.0.0.1')
    expect(localHost('--host')('0:0::1')).toBe('::1')
    expect(localHost('--host')('localhost')).toBe('127.0.0.1')
  })

  test.each(['', 'example.com', '127.1', '1.2.3.4:5', '[::1]'])('refuses %j', (text) => {
    expect(codeOf(() => localHost('--host')(text))).toBe('OPTION_VALUE')
  })
})

describe('peerTargets', () => {
  test('collects addresses and names', () => {
    const read = peerTargets('--peer')
    const all = ['1.2.3.4:1', '[2001:db8::1]:6881', 'seed.example:65535', 'a_b-c:5'].reduce(
      (before, text) => read(text, before),
      [] as ReturnType<typeof read>,
    )
    expect(all).toEqual([
      { host: '1.2.3.4', port: 1 },
      { host: '2001:db8::1', port: 6881 },
      { host: 'seed.example', port: 65_535 },
      { host: 'a_b-c', port: 5 },
    ])
  })

  test.each([
    '',
    'x',
    '1.2.3.4',
    '1.2.3.4:0',
    '1.2.3.4:65536',
    '1.2.3:5',
    '999.0.0.1:5',
    '[::1]',
    '::1:5',
    '[x]:5',
    'a b:5',
    ':5',
  ])('refuses %j', (text) => {
    expect(codeOf(() => peerTargets('--peer')(text, []))).toBe('OPTION_VALUE')
  })
})

describe('urls and texts', () => {
  test('accept only the protocols that make sense, and keep the text as given', () => {
    const read = urls('--tracker', ['http:', 'udp:'])
    expect(read('udp://t.example:1/announce', ['http://a/'])).toEqual(['http://a/', 'udp://t.example:1/announce'])
    for (const text of ['', 'ftp://a/', 'javascript:alert(1)', 'http://', '/announce', 'file:///etc/passwd']) {
      expect(codeOf(() => read(text, []))).toBe('OPTION_VALUE')
    }
  })

  test('refuse what is empty', () => {
    expect(texts('--select')('*.iso', ['a'])).toEqual(['a', '*.iso'])
    expect(codeOf(() => texts('--select')('', []))).toBe('OPTION_VALUE')
    expect(codeOf(() => someText('--path')('a\0b'))).toBe('OPTION_VALUE')
  })

  test('an error names the option and quotes at most 80 characters of the value', () => {
    expect(() => port('--port')('9'.repeat(500))).toThrow(/^--port takes a port, 0 … 65535, not "9{80}"$/)
  })
})

describe('infoHashes', () => {
  test('collects 20 and 32 bytes in hexadecimal', () => {
    const read = infoHashes('--similar')
    const before = read('AB'.repeat(20), [])
    expect(read('cd'.repeat(32), before)).toEqual([new Uint8Array(20).fill(0xab), new Uint8Array(32).fill(0xcd)])
  })

  test.each(['', 'ab', 'ab'.repeat(21), 'xy'.repeat(20), ` ${'ab'.repeat(20)}`, `${'ab'.repeat(20)}\n`])(
    'refuses %j',
    (text) => {
      expect(codeOf(() => infoHashes('--similar')(text, []))).toBe('OPTION_VALUE')
    },
  )
})
