/* A TLS server on loopback, and the CA that issues what it serves. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:tls';

function openssl(...args) {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

export class Authority {
  constructor(folder) {
    this.folder = folder;
    this.n = 0;
    this.keyFile = join(folder, 'ca.key');
    this.certFile = join(folder, 'ca.pem');
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650', '-subj', '/CN=Page Test CA',
      '-keyout', this.keyFile, '-out', this.certFile);
  }

  /* A certificate of 90 days, or more, for a name, that ends `days` days from now, with a little to spare. */
  issue(name, days) {
    this.n += 1;
    const file = (ending) => join(this.folder, `${this.n}.${ending}`);
    const stamp = (date) => date.toISOString().replace(/[-:T]|\.\d+/g, '');
    writeFileSync(file('ext'), `subjectAltName=DNS:${name},IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n`);
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-keyout', file('key'), '-out', file('csr'));
    writeFileSync(join(this.folder, 'index.txt'), '');
    writeFileSync(file('cnf'), `[ca]\ndefault_ca=c\n[c]\ndatabase=${join(this.folder, 'index.txt')}\nnew_certs_dir=${this.folder}\nrand_serial=yes\n`
      + 'default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n');
    openssl('ca', '-batch', '-notext', '-config', file('cnf'), '-cert', this.certFile, '-keyfile', this.keyFile, '-in', file('csr'), '-out', file('pem'),
      '-extfile', file('ext'), '-startdate', stamp(new Date(Date.now() - (90 - Math.min(days, 89)) * 86400000)), '-enddate', stamp(new Date(Date.now() + days * 86400000 + 3600000)));
    return { key: readFileSync(file('key')), cert: readFileSync(file('pem')) };
  }

  /* A certificate for a CSR, as a CA would send it back. */
  sign(csr, days) {
    this.n += 1;
    const file = (ending) => join(this.folder, `${this.n}.${ending}`);
    writeFileSync(file('csr'), csr);
    openssl('x509', '-req', '-in', file('csr'), '-CA', this.certFile, '-CAkey', this.keyFile, '-copy_extensions', 'copy', '-days', String(days), '-out', file('pem'));
    return readFileSync(file('pem'), 'utf8');
  }

  /* The certificate of an intermediate, for its CSR. */
  signCa(csr) {
    this.n += 1;
    const file = (ending) => join(this.folder, `${this.n}.${ending}`);
    writeFileSync(file('csr'), csr);
    writeFileSync(file('ext'), 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n');
    openssl('x509', '-req', '-in', file('csr'), '-CA', this.certFile, '-CAkey', this.keyFile, '-extfile', file('ext'), '-days', '1800', '-out', file('pem'));
    return readFileSync(file('pem'), 'utf8');
  }

  /* What Authority.issue made, as a PFX with the CA's certificate in it. */
  pfx({ key, cert }, password) {
    this.n += 1;
    const file = (ending) => join(this.folder, `${this.n}.${ending}`);
    writeFileSync(file('key'), key);
    writeFileSync(file('pem'), cert);
    openssl('pkcs12', '-export', '-inkey', file('key'), '-in', file('pem'), '-certfile', this.certFile, '-passout', `pass:${password}`, '-out', file('pfx'));
    return readFileSync(file('pfx'));
  }
}

export class TlsServer {
  constructor(issued) {
    this.server = createServer(issued, (socket) => socket.on('error', () => undefined).end());
    this.server.on('tlsClientError', () => undefined);
  }

  /* On both of loopback's addresses where there are two: "localhost" may have either. */
  start() {
    return new Promise((resolve, reject) => {
      this.server.on('error', reject);
      this.server.listen({ port: 0, host: '::', ipv6Only: false }, () => {
        this.port = this.server.address().port;
        resolve();
      });
    });
  }

  serve(issued) {
    this.server.setSecureContext(issued);
  }

  stop() {
    this.server.close();
  }
}
