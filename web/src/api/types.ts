/* Short names for the shapes of api/openapi.yaml. */
import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type Access = Schemas['Access'];
export type AuditEntry = Schemas['AuditEntry'];
export type Brief = Schemas['Brief'];
export type BulkCreateResult = Schemas['BulkCreateResult'];
export type Certificate = Schemas['Certificate'];
export type CertificateCreated = Schemas['CertificateCreated'];
export type CertificateFilter = Schemas['CertificateFilter'];
export type CertificateNew = Schemas['CertificateNew'];
export type ChainStatus = Schemas['ChainStatus'];
export type Dashboard = Schemas['Dashboard'];
export type Decoded = Schemas['Decoded'];
export type Endpoint = Schemas['Endpoint'];
export type ErrorClass = Schemas['ErrorClass'];
export type Flag = Schemas['Flag'];
export type Job = Schemas['Job'];
export type JobState = Schemas['JobState'];
export type Me = Schemas['Me'];
export type NotificationSettings = Schemas['NotificationSettings'];
export type Observation = Schemas['Observation'];
export type Priority = Schemas['Priority'];
export type Problem = Schemas['Problem'];
export type Protocol = Schemas['Protocol'];
export type Role = Schemas['Role'];
export type Schedule = Schemas['Schedule'];
export type Scope = Schemas['Scope'];
export type Source = Schemas['Source'];
export type Ticket = Schemas['Ticket'];
export type TicketStatus = Schemas['TicketStatus'];
export type TicketType = Schemas['TicketType'];
export type Token = Schemas['Token'];
export type TrustBundle = Schemas['TrustBundle'];
export type UpdateResult = Schemas['UpdateResult'];
export type User = Schemas['User'];
export type Validity = Schemas['Validity'];
export type Version = Schemas['Version'];

export const statuses: Validity[] = ['valid', 'expiring_soon', 'expired', 'not_yet_valid', 'revoked', 'unknown'];
export const sources: Source[] = ['monitored', 'imported', 'managed'];
export const flags: Flag[] = ['unreachable', 'mixed', 'wrong_host', 'foreign', 'rolled_back'];
export const priorities: Priority[] = ['lowest', 'low', 'medium', 'high', 'highest'];
export const protocols: Protocol[] = ['tls', 'smtp', 'imap', 'pop3', 'ftp', 'ldap', 'postgres', 'mysql', 'xmpp'];
export const defaultPorts: Record<Protocol, number> = {
  tls: 443, smtp: 25, imap: 143, pop3: 110, ftp: 21, ldap: 389, postgres: 5432, mysql: 3306, xmpp: 5222,
};
