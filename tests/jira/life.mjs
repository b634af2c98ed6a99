// The whole life of a certificate by jira.js, which holds every answer against Atlassian's schemas.
// test_jira_js.py starts it: node life.mjs BASE USER PASSWORD CSR-FILE OPEN-WINDOW-COMMAND…
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createCloudClient } from 'jira.js';

const [base, user, password, csrFile, ...openWindow] = process.argv.slice(2);
const jira = createCloudClient({
    host: base, auth: { type: 'basic', email: user, apiToken: password }, onSchemaMismatch: 'throw',
});
const doc = (...paragraphs) => ({
    type: 'doc', version: 1,
    content: paragraphs.map((text) => ({ type: 'paragraph', content: text ? [{ type: 'text', text }] : [] })),
});
const plain = (node) => node.text ?? (node.content ?? []).map(plain).join('\n');

const info = await jira.serverInfo.getServerInfo();
assert.equal(info.deploymentType, 'Server');
const me = await jira.myself.getCurrentUser();
assert.equal(me.displayName, 'Ann Example');
assert.match(me.accountId, /^JIRAUSER\d+$/);

const projects = await jira.projects.searchProjects();
assert.deepEqual(projects.values.map((p) => p.key), ['CERT']);
const project = await jira.projects.getProject({ projectIdOrKey: 'CERT' });
assert.equal(project.issueTypes.length, 3);
assert.equal((await jira.projects.getAllStatuses({ projectIdOrKey: project.id })).length, 3);
assert.ok((await jira.issueTypes.getIssueAllTypes()).some((t) => t.name === 'Certificate'));
const fields = await jira.issueFields.getFields();
const profile = fields.find((f) => f.name === 'Certificate profile').id;
const csrField = fields.find((f) => f.name === 'Certificate CSR text').id;
assert.equal((await jira.issuePriorities.searchPriorities()).values.length, 5);
assert.ok((await jira.workflowStatuses.getStatuses()).length >= 10);
const types = await jira.issues.getCreateIssueMetaIssueTypes({ projectIdOrKey: 'CERT' });
const type = types.issueTypes.find((t) => t.name === 'Certificate');
const meta = await jira.issues.getCreateIssueMetaIssueTypeId({ projectIdOrKey: 'CERT', issueTypeId: type.id });
assert.ok(meta.fields.some((f) => f.fieldId === profile && f.required && f.allowedValues.some((v) => v.value === 'web')));

const found = await jira.userSearch.findAssignableUsers({ project: 'CERT', query: 'ann' });
assert.deepEqual(found.map((u) => u.accountId), [me.accountId]);
assert.equal((await jira.userSearch.findUsers({ query: 'ann' })).length, 1);
assert.equal((await jira.userSearch.findUsersForPicker({ query: 'ann' })).users.length, 1);
const may = await jira.permissions.getMyPermissions({ permissions: 'CREATE_ISSUES,ADMINISTER' });
assert.ok(may.permissions.CREATE_ISSUES.havePermission && !may.permissions.ADMINISTER.havePermission);
assert.ok((await jira.groups.findGroups({ query: '' })).total >= 0);

const csr = readFileSync(csrFile, 'utf8');
const made = await jira.issues.createIssue({ fields: {
    project: { key: 'CERT' }, issuetype: { id: type.id }, summary: 'Web shop', description: doc('for the shop', '', 'soon'),
    labels: ['shop'], assignee: { accountId: me.accountId }, priority: { id: '2' },
    [profile]: { value: 'web' }, [csrField]: csr } });
assert.deepEqual(Object.keys(made).sort(), ['id', 'key', 'self']);
const issueIdOrKey = made.key;
let issue = await jira.issues.getIssue({ issueIdOrKey, fields: ['summary', 'status', 'description', csrField], expand: 'changelog' });
assert.equal(issue.fields.status.name, 'Certificate Request');
assert.match(plain(issue.fields.description), /for the shop/);
assert.equal(issue.fields[csrField].content[0].type, 'codeBlock');
assert.ok(!('labels' in issue.fields));
assert.ok((await jira.issues.getEditIssueMeta({ issueIdOrKey })).fields.summary);

const comment = await jira.issueComments.addComment({ issueIdOrKey, body: doc('please hurry') });
await jira.issueComments.updateComment({ issueIdOrKey, id: comment.id, body: { body: doc('no hurry') } });
assert.equal(plain((await jira.issueComments.getComment({ issueIdOrKey, id: comment.id })).body), 'no hurry');
const wiki = await jira.issueComments.addComment({ issueIdOrKey, body: 'h2. Heading\n\n*bold*' });
assert.equal(wiki.body.type, 'doc');
assert.equal((await jira.issueComments.getComments({ issueIdOrKey })).total, 2);
await jira.issueComments.deleteComment({ issueIdOrKey, id: wiki.id });

const [attached] = await jira.issueAttachments.addAttachment({
    issueIdOrKey, attachments: { filename: 'zertifikat-ü "q".pem', content: Buffer.from('bytes') } });
assert.equal((await jira.issueAttachments.getAttachment({ id: attached.id })).size, 5);
assert.equal(Buffer.from(await jira.issueAttachments.getAttachmentContent({ id: attached.id })).toString(), 'bytes');
assert.ok((await jira.issueAttachments.getAttachmentMeta()).enabled);
await jira.issues.editIssue({ issueIdOrKey, fields: { summary: 'Shop' }, update: { labels: [{ add: 'web' }, { remove: 'shop' }] } });
await jira.issues.assignIssue({ issueIdOrKey, accountId: null });
await jira.issueWatchers.addWatcher({ issueIdOrKey, accountId: me.accountId });
assert.equal((await jira.issueWatchers.getIssueWatchers({ issueIdOrKey })).watchCount, 1);

const move = async (name, more = {}) => {
    const { transitions } = await jira.issues.getTransitions({ issueIdOrKey });
    await jira.issues.doTransition({ issueIdOrKey, transition: { id: transitions.find((t) => t.name === name).id }, ...more });
    return jira.issues.getIssue({ issueIdOrKey });
};
issue = await move('Enroll Certificate', { update: { comment: [{ add: { body: doc('go on') } }] } });
assert.equal(issue.fields.status.name, 'Certificate Enrolled');
assert.equal(issue.fields.summary, 'Certificate enrolled:js.example.org');
assert.deepEqual(issue.fields.labels, ['web']);
assert.ok(issue.fields.comment.comments.some((c) => plain(c.body) === 'go on'));
const pem = issue.fields.attachment.find((a) => a.filename === 'js.example.org.pem');
assert.match(Buffer.from(await jira.issueAttachments.getAttachmentContent({ id: pem.id })).toString(), /^-----BEGIN CERTIFICATE-----/);
await assert.rejects(move('Renew Certificate'), (e) => e.status === 400);
execFileSync(openWindow[0], [...openWindow.slice(1), made.key]);
issue = await move('Renew Certificate');
assert.equal(issue.fields.status.name, 'Certificate Renewed');
issue = await move('Revoke Certificate', { fields: { reason: { value: 'superseded' } } });
assert.equal(issue.fields.status.name, 'Certificate Revoked');
assert.ok((await jira.issues.getChangeLogs({ issueIdOrKey })).values.length > 3);

const search = (jql, more = {}) => jira.issueSearch.searchAndReconsileIssuesUsingJql({ jql, ...more });
assert.deepEqual((await search('project = CERT AND status = "Certificate Revoked"', { fields: ['key', 'summary'] })).issues.map((i) => i.key), [made.key]);
assert.equal((await search(`key = ${made.key}`)).issues[0].id, made.id);
assert.equal((await jira.issueSearch.countIssues({ jql: 'reporter = currentUser()' })).count, 1);
const posted = await jira.issueSearch.searchAndReconsileIssuesUsingJqlPost({ jql: 'labels = web', fields: ['*all'], maxResults: 1 });
assert.equal(posted.isLast, true);
assert.equal(posted.issues[0].fields.assignee, null);
await assert.rejects(search('status = '), (e) => e.status === 400 && /before the end of the query/.test(JSON.stringify(e.body)));
await assert.rejects(jira.issues.getIssue({ issueIdOrKey: 'CERT-4711' }), (e) => e.status === 404);
await assert.rejects(jira.issues.createIssue({ fields: { project: { key: 'CERT' }, issuetype: { name: 'Certificate' }, summary: 'x', description: 'text' } }),
    (e) => e.status === 400);
console.log('ok');
