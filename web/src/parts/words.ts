/* How things are called on the page. */
import type {
  Ca, ChainStatus, Deployment, DeliveryState, ErrorClass, Flag, Job, Observation, Priority, Profile, ProfileKeyAlgorithm, Protocol, RevocationReason, Role, Source, TicketStatus, TicketType, Validity, WarningCode,
} from '../api/types';

export const statusWords: Record<Validity, string> = {
  valid: 'Valid', expiring_soon: 'Expiring soon', expired: 'Expired', not_yet_valid: 'Not yet valid',
  revoked: 'Revoked', unknown: 'Nothing seen yet',
};

export const flagWords: Record<Flag, string> = {
  unreachable: 'Unreachable', mixed: 'Mixed', wrong_host: 'Wrong host', foreign: 'Foreign', rolled_back: 'Rolled back',
};

export const flagMeanings: Record<Flag, string> = {
  unreachable: 'The last check of an endpoint failed. What is shown is what was seen before.',
  mixed: 'Different addresses serve different certificates.',
  wrong_host: 'An endpoint serves a certificate that does not cover the name it is asked for.',
  foreign: 'An endpoint serves a certificate that is no successor of the one we knew. The current one stays as it is '
    + 'until you confirm the new one.',
  rolled_back: 'An endpoint serves an older certificate again than the current one.',
};

export const sourceWords: Record<Source, string> = { monitored: 'Monitored', imported: 'Imported', managed: 'Managed' };

export const roleWords: Record<Role, string> = {
  user: 'User: own and shared certificates', auditor: 'Auditor: sees everything', admin: 'Admin: may do everything',
};

export const priorityWords: Record<Priority, string> = {
  lowest: 'Lowest', low: 'Low', medium: 'Medium', high: 'High', highest: 'Highest',
};

export const protocolWords: Record<Protocol, string> = {
  tls: 'TLS', smtp: 'SMTP (STARTTLS)', imap: 'IMAP (STARTTLS)', pop3: 'POP3 (STARTTLS)', ftp: 'FTP (AUTH TLS)',
  ldap: 'LDAP (StartTLS)', postgres: 'PostgreSQL', mysql: 'MySQL', xmpp: 'XMPP (STARTTLS)',
};

export const ticketTypeWords: Record<TicketType, string> = {
  certificate: 'Certificate', revoke_certificate: 'Revoke Certificate', certificate_expiry: 'Certificate Expiry',
};

export const ticketStatusWords: Record<TicketStatus, string> = {
  open: 'Open', done: 'Done', certificate_request: 'Certificate Request', certificate_enrolling: 'Certificate Enrolling',
  certificate_enrolled: 'Certificate Enrolled', certificate_renew: 'Certificate Renew',
  certificate_renewed: 'Certificate Renewed', certificate_revoking: 'Certificate Revoking',
  certificate_revoked: 'Certificate Revoked', cancelled: 'Cancelled',
};

/* The stage of a certificate is the status of its ticket. */
export const isTicketStatus = (word: string | null): word is TicketStatus => word !== null && word in ticketStatusWords;

/* RFC 5280, 5.3.1: what a person may give as a reason. */
export const revocationReasons: Record<RevocationReason, string> = {
  unspecified: 'Not given', keyCompromise: 'The key is compromised', affiliationChanged: 'The holder has changed', superseded: 'Replaced by another',
  cessationOfOperation: 'No longer in use', privilegeWithdrawn: 'The right to it was withdrawn',
};

export const caStateWords: Record<Ca['state'], string> = {
  awaiting_certificate: 'Waits for its certificate', active: 'Active', expired: 'Expired', disabled: 'Disabled',
};

export const deploymentStateWords: Record<Deployment['state'], string> = {
  queued: 'Waiting', deploying: 'Being put there', proving: 'Looking whether it is served', seen: 'Served everywhere', put_back: 'Put back: issued, not served', failed: 'Failed',
};

export const keyMadeByWords: Record<Profile['key']['made_by'], string> = {
  either: 'Either', server: 'certdesk, in the vault', requester: 'Whoever asks, by a CSR',
};

export const usageWords: Record<Profile['usage'], string> = { server: 'Servers', client: 'Clients', both: 'Servers and clients' };

export const renewalKeyWords: Record<Profile['renewal_key'], string> = {
  same: 'The same key, by the CSR again', new: 'A new key, made in the vault', ask: 'A new CSR, asked for in the ticket',
};

const keyAlgorithmNames: Record<ProfileKeyAlgorithm, string> = {
  'ec-p256': 'EC P-256', 'ec-p384': 'EC P-384', 'ec-p521': 'EC P-521', 'rsa-2048': 'RSA 2048', 'rsa-3072': 'RSA 3072', 'rsa-4096': 'RSA 4096', 'rsa-8192': 'RSA 8192',
  ed25519: 'Ed25519', ed448: 'Ed448',
};
export const keyAlgorithms = Object.keys(keyAlgorithmNames) as ProfileKeyAlgorithm[];
export const keyAlgorithmWords = (name: string): string => keyAlgorithmNames[name as ProfileKeyAlgorithm] ?? name;

export const chainWords: Record<ChainStatus, string> = {
  '': 'Not seen yet', trusted: 'Trusted', not_yet_valid: 'A certificate in the chain is not yet valid',
  expired: 'A certificate in the chain has expired', incomplete: 'An intermediate certificate is missing',
  self_signed: 'Self-signed', untrusted_root: 'Root is not trusted', bad_signature: 'A signature is wrong',
  invalid: 'Not valid',
};

export const errorWords: Record<ErrorClass, string> = {
  dns: 'Name not found', refused: 'Connection refused', timeout: 'Timed out', unreachable: 'No route to the host',
  not_routable: 'Not checked: no such network here', tls_alert: 'TLS handshake refused', not_tls: 'Does not speak TLS',
  starttls_refused: 'STARTTLS refused', certificate_unreadable: 'Certificate unreadable',
  closed: 'Connection closed', denied: 'Address may not be probed', proxy: 'Proxy failed', internal: 'Internal error',
};

export const observationRoleWords: Record<NonNullable<Observation['role']>, string> = {
  current: 'Current', successor: 'Successor', superseded: 'Superseded', foreign: 'Foreign', rolled_back: 'Rolled back',
};

export const jobStateWords: Record<Job['state'], string> = {
  queued: 'Waiting', running: 'Running', done: 'Done', failed: 'Failed',
};

export const deliveryStateWords: Record<DeliveryState, string> = { queued: 'Waiting', sending: 'Being sent', sent: 'Sent', failed: 'Failed' };

const jobTypes: Record<string, string> = {
  update: 'Update', bulk_create: 'Add certificates', add: 'Add certificates', check: 'Check of all endpoints',
  probe: 'Check', notify: 'Renewal scan', redisplay: 'Display settings', audit: 'Audit chain', cleanup: 'Housekeeping',
  actions: 'Many at once', import_csv: 'CSV import', import_probe: 'Check of what was imported', rewrap: 'Rotation of the master key',
  outbox: 'Delivery', deliver: 'Delivery', order: 'Order at a CA', revoke: 'Revocation', renew: 'Renewals by profile',
  renew_soon: 'Renewals, failed or short-lived', replan: 'Renewal plans', crl: 'CRLs', deploy: 'Deployment',
};

const scheduleNames: Record<string, string> = {
  check: 'Check of all endpoints', renew: 'Renewals by profile', renew_soon: 'Renewals, failed or short-lived', renewal_scan: 'Renewal scan', notify: 'Renewal scan',
  cleanup: 'Housekeeping', audit: 'Audit chain', outbox: 'Delivery', deliver: 'Delivery', crl: 'CRLs',
};

export const warningWords: Record<WarningCode, string> = {
  chain_incomplete: 'The chain is not complete', chain_reordered: 'The chain was put in order', key_missing: 'There is no private key with it',
  expired: 'It has expired', not_yet_valid: 'It is not yet valid', weak_key: 'Its key is weak', weak_signature: 'Its signature is weak',
  self_signed: 'It is self-signed', extra_certificates: 'The file held certificates that do not belong to it', not_served_yet: 'Endpoints still serve the one before',
};

/* "some_word" as "Some word". */
export function plain(word: string): string {
  const text = word.replace(/[_.]/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const caTypes: Record<string, string> = { local: 'Built-in', acme: 'ACME', sectigo: 'Sectigo SCM' };
export const caTypeWords = (type: string): string => caTypes[type] ?? plain(type);

const resourceTypes: Record<string, string> = { manual: 'Kept by hand', haproxy: 'HAProxy', nginx: 'nginx', files: 'File set' };
export const resourceTypeWords = (type: string): string => resourceTypes[type] ?? plain(type);

export const jobWords = (type: string): string => jobTypes[type] ?? plain(type);
export const scheduleWords = (name: string): string => scheduleNames[name] ?? plain(name);

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

export function hostPort(endpoint: { host: string; port: number }): string {
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/* The most telling part of a distinguished name: CN, else O, else all of it. */
export function shortName(name: string): string {
  const part = (type: string) => new RegExp(`(?:^|,)${type}=((?:\\\\.|[^,\\\\])+)`, 'i').exec(name)?.[1];
  return (part('CN') ?? part('O') ?? name).replace(/\\(.)/g, '$1');
}

const keyNames: Record<string, string> = { rsa: 'RSA', ec: 'EC', ed25519: 'Ed25519', ed448: 'Ed448' };

export function keyWords(key: { algorithm: string; size: number }): string {
  const name = keyNames[key.algorithm] ?? key.algorithm.toUpperCase();
  return key.size > 0 && !key.algorithm.startsWith('ed') ? `${name} ${key.size}` : name;
}

/* aa:bb:cc… */
export function colons(hex: string): string {
  return hex.replace(/(..)(?=.)/g, '$1:').toUpperCase();
}
