/* Local shapes until the description has them. */
import type { components } from './schema.gen';

type S = components['schemas'];
type Instant = string;
type InstantOrNull = string | null;
type Answer<T> = { responses: { 200: { content: { 'application/json': T } } } };
type Made<T> = { responses: { 201: { content: { 'application/json': T } } } };
type Nothing = { responses: { 204: { content?: never } } };
type Takes<B> = { requestBody: { content: { 'application/json': B } } };
type PageOf<T> = { items: T[]; next_cursor: string | null; total: number; total_is_estimate: boolean };

export interface Approvals {
  needed: number;
  given: { account: string; approved: boolean; at: Instant; comment: string }[];
}

export interface TicketOrder {
  state: 'ready' | 'submitting' | 'pending' | 'issued' | 'failed';
  error: string;
  next_at: InstantOrNull;
}

export type LifeTicket = Omit<S['Ticket'], 'may'> & {
  project: string;
  profile: string | null;
  csr: string | null;
  domain: string;
  certificate_id: string | null;
  expires_at: InstantOrNull;
  certificate_link: string | null;
  expected_at: { endpoint: string; seen: boolean }[];
  approvals: Approvals | null;
  order: TicketOrder | null;
  watchers: number;
  message?: string;
  may: ('comment' | 'edit' | 'approve' | 'watch')[];
};

export interface TicketNew {
  type: 'certificate' | 'revoke_certificate';
  project?: string;
  summary?: string;
  description?: string;
  profile?: string;
  csr?: string;
  subject?: Record<string, string>;
  sans?: { type: 'dns' | 'ip' | 'email' | 'uri'; value: string }[];
  key?: { algorithm: string; size?: number; curve?: string };
  certificate?: number;
  certificate_id?: string;
  domain?: string;
  assignee?: string | null;
  priority?: S['Priority'];
  labels?: string[];
  due_at?: string | null;
  name?: string;
  business_group?: string | null;
  share?: { users: string[]; groups: string[] };
}

export interface Attachment {
  id: number;
  name: string;
  media_type: string;
  size: number;
  author: string | null;
  created_at: Instant;
}

export interface Project {
  key: string;
  name: string;
}

export interface BoardColumn {
  status: S['TicketStatus'];
  title: string;
  total: number;
  items: LifeTicket[];
}




export interface Ca {
  name: string;
  description: string;
  type: string;
  state: 'awaiting_certificate' | 'active' | 'expired' | 'disabled';
  subject: string;
  key_algorithm: string;
  key_storage: 'sealed' | 'pkcs11';
  public_url: string;
  url_is_fixed: boolean;
  not_after: InstantOrNull;
  pathlen: number | null;
  name_constraints: { permitted: string[]; excluded: string[] };
  crl: { number: number; this_update: InstantOrNull; next_update: InstantOrNull; is_stale: boolean } | null;
  n_certificates: number;
  n_revoked: number;
  n_profiles: number;
  certificate: number | null;
  is_staging: boolean;
  disabled: boolean;
  etag: string;
}

export interface CaNew {
  name: string;
  type: 'local';
  kind: 'root' | 'intermediate';
  subject: Record<string, string>;
  key: { algorithm: string; size?: number; curve?: string };
  storage: 'sealed' | 'pkcs11';
  lifetime_days: number;
  public_url: string;
  name_constraints?: { permitted: string[]; excluded: string[] };
  description?: string;
}

export interface CaCertificate {
  serial: string;
  certificate: S['CertificateRef'] | null;
  subject: string;
  not_after: Instant;
  issued_at: Instant;
  revoked_at: InstantOrNull;
  revocation_reason: string;
}


export interface PendingPaths {
  '/tickets': { get: Answer<PageOf<LifeTicket>>; post: Takes<TicketNew> & Made<LifeTicket> };
  '/tickets/{key}': { get: Answer<LifeTicket>; patch: Takes<Record<string, unknown>> & Answer<LifeTicket> };
  '/tickets/board': { get: Answer<{ columns: BoardColumn[] }> };
  '/tickets/{key}/transitions': { post: Takes<{ transition: string; comment?: string; reason?: string; force?: boolean }> & Answer<LifeTicket> };
  '/tickets/{key}/attachments': { get: Answer<{ items: Attachment[] }>; post: Made<Attachment> };
  '/tickets/{key}/attachments/{other}': { delete: Nothing };
  '/tickets/{key}/comments/{other}': { patch: Takes<{ body: string }> & Answer<S['Comment']>; delete: Nothing };
  '/tickets/{key}/watchers': { get: Answer<{ items: { name: string }[] }> };
  '/tickets/{key}/watchers/{other}': { put: Nothing; delete: Nothing };
  '/tickets/{key}/approval': { post: Takes<{ approved: boolean; comment?: string }> & Answer<LifeTicket> };
  '/tickets/{key}/csr': { post: Takes<{ csr: string }> & Answer<LifeTicket> };
  '/projects': { get: Answer<{ items: Project[] }>; post: Takes<Project> & Made<Project> };
  '/certificates/{id}/enroll': { post: Takes<TicketNew> & Made<LifeTicket> };
  '/certificates/{id}/renew': { post: Takes<{ csr?: string; force?: boolean }> & Answer<LifeTicket> };
  '/certificates/{id}/revoke': { post: Takes<{ reason: string; comment?: string }> & Answer<LifeTicket> };
  '/cas': { get: Answer<{ items: Ca[] }>; post: Takes<CaNew> & Made<Ca> };
  '/cas/{name}': { get: Answer<Ca>; patch: Takes<{ description?: string; disabled?: boolean; public_url?: string }> & Answer<Ca>; delete: Nothing };
  '/cas/{name}/certificate': { post: Takes<{ chain: string }> & Answer<Ca> };
  '/cas/{name}/crl': { post: Answer<Ca> };
  '/cas/{name}/certificates': { get: Answer<PageOf<CaCertificate>> };
}
