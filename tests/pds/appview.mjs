// A Bluesky network of its own, for the tests: PDS, directory and the AppView that readers' apps ask, with the PostgreSQL
// and the Redis that it needs. All data is in a folder that goes with it.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { freePort, given, named, ownFolder, serve } from './serving.mjs'

const START_MS = 60_000
const folder = ownFolder()
process.env.TMPDIR = folder // what the packages write goes there too

// PostgreSQL refuses to be run by root, whose place the user takes that its package makes.
const id = (kind) => Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }))
const owner = process.getuid() === 0 ? { uid: id('-u'), gid: id('-g') } : {}
const tables = join(folder, 'postgres')
mkdirSync(tables)
if (owner.uid !== undefined) {
  chownSync(tables, owner.uid, owner.gid)
  chmodSync(folder, 0o711)
}

// Run a server until it says LINE; it goes when this process does.
function started(command, args, options, line) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    const late = setTimeout(() => reject(new Error(`${command} is not ready: ${said}`)), START_MS)
    const hear = (text) => {
      said += text
      if (!said.includes(line)) return
      clearTimeout(late)
      resolve(child)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('error', reject).on('exit', () => reject(new Error(`${command} ended: ${said}`)))
    process.on('exit', () => child.kill('SIGKILL'))
  })
}

// To PostgreSQL this is: drop your clients, and leave nothing behind.
function stopped(child) {
  return new Promise((resolve) => child.once('exit', resolve).kill('SIGINT'))
}

const postgres = (name) => join(given('POSTGRES'), name)
execFileSync(postgres('initdb'), ['--pgdata', tables, '--username', 'tests', '--auth', 'trust', '--no-sync'], {
  ...owner,
  cwd: tables,
})
const [tablesPort, redisPort] = [await freePort(), await freePort()]
const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${tables}`, 'fsync=off']
const database = await started(
  postgres('postgres'),
  ['-D', tables, '-p', tablesPort, ...settings.flatMap((each) => ['-c', each])],
  { ...owner, cwd: tables },
  'ready to accept connections',
)
const redis = await started(
  given('REDIS'),
  ['--port', redisPort, '--bind', '127.0.0.1', '--save', '', '--dir', folder],
  {},
  'Ready to accept connections',
)
process.env.REDIS_HOST = `127.0.0.1:${redisPort}`

const { ADMIN_PASSWORD, JWT_SECRET, TestNetwork } = await named('@atproto/dev-env', 'TestNetwork')
const network = await TestNetwork.create({
  dbPostgresUrl: `postgres://tests@127.0.0.1:${tablesPort}/postgres`,
  dbPostgresSchema: 'tests',
  pds: { enableDidDocWithSession: true, hostname: 'localhost' },
})

serve(
  {
    url: network.pds.url,
    appviewUrl: network.bsky.url,
    plcUrl: network.plc.url,
    jwtSecret: JWT_SECRET,
    adminPassword: ADMIN_PASSWORD,
    serviceDid: network.pds.ctx.cfg.service.did,
  },
  async () => {
    await network.close()
    await Promise.all([stopped(database), stopped(redis)])
  },
)
