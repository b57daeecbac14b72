import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@torrential/primitives/system'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { HttpTracker } from '../src/http-tracker.ts'
import { announceRequest, sourceErrorOf } from './samples.ts'

describe('a tracker over HTTPS', () => {
  let server: Server
  let url: string
  let cert: Buffer

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tracker-tls-'))
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2']
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync('openssl', ['req', '-x509', ...key, ...files, ...subject], { stdio: 'ignore' })
    cert = readFileSync(join(folder, 'cert.pem'))
    server = createServer({ key: readFileSync(join(folder, 'key.pem')), cert }, (_request, response) =>
      response.end('d8:intervali60ee'),
    )
    rmSync(folder, { recursive: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `https://localhost:${(server.address() as { port: number }).port}/announce`
  })

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve))
  })

  const local = { resolve: async () => [{ host: '127.0.0.1', family: 4 as const }] }

  test('is not believed without a certificate that we trust', async () => {
    const error = await sourceErrorOf(new HttpTracker({ clock: systemClock }, local).announce(url, announceRequest()))
    expect(error.code).toBe('TRACKER_TLS')
  })

  test('is not believed under another name than that of its certificate', async () => {
    const client = new HttpTracker({ clock: systemClock }, { ...local, ca: cert })
    const error = await sourceErrorOf(client.announce(url.replace('localhost', 'other.test'), announceRequest()))
    expect(error.code).toBe('TRACKER_TLS')
  })

  test('is asked when its certificate is one of ours', async () => {
    const client = new HttpTracker({ clock: systemClock }, { ...local, ca: cert })
    expect((await client.announce(url, announceRequest())).interval).toBe(60_000)
  })
})
