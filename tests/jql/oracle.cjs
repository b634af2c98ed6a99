// What Atlassian's own parser says of several hundred JQL queries: oracle.jsonl, a line each, with
// the tree, or null for what it refuses and where it first did: line and character, from 1.
// test_jql.c reads it; test_jql_oracle.py sees that it is still what the parser says, and has
// test_jql.c read others.
//
//   npm ci --ignore-scripts --legacy-peer-deps && node oracle.cjs > oracle.jsonl
//   node oracle.cjs SEED      as many others, by chance
const { JQLLexer, JQLParser } = require('@atlaskit/jql-parser');
const { CharStreams, CommonTokenStream } = require('antlr4ts');

function parse(query) {
    let at = null;
    const listener = {
        syntaxError(_, __, line, character) {
            if (!at || line < at[0] || (line === at[0] && character + 1 < at[1])) at = [line, character + 1];
        },
    };
    const lexer = new JQLLexer(CharStreams.fromString(query));
    lexer.removeErrorListeners();
    lexer.addErrorListener(listener);
    const parser = new JQLParser(new CommonTokenStream(lexer));
    parser.removeErrorListeners();
    parser.addErrorListener(listener);
    const tree = parser.jqlQuery();
    return { tree: at ? null : tree, at };
}

// ---- the tree, in the form of core/jql_show ----

const rule = (node) => JQLParser.ruleNames[node.ruleIndex];
const kids = (node, name) => (node.children || []).filter((c) => c.ruleIndex !== undefined && (!name || rule(c) === name));

function meaning(text) {
    if (/^["']/.test(text)) text = text.slice(1, -1);
    return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, e) => {
        if (e.length > 1) return String.fromCharCode(parseInt(e.slice(1), 16));
        return { n: '\n', t: '\t', r: '\r' }[e] || e;
    });
}
const quoted = (text) => '"' + text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t') + '"';
const show = (text) => quoted(meaning(text));

function fieldText(node) {
    const [first] = kids(node);
    let name = meaning(first.text);

    if (rule(first) === 'jqlCustomField') {
        const n = BigInt(first.text.match(/\d+/)[0]);
        name = `cf[${n > 9223372036854775807n ? 0 : n}]`;
    }
    for (const property of kids(node, 'jqlFieldProperty')) {
        name += `[${meaning(kids(property, 'jqlArgument')[0].text)}]`;
        for (const path of kids(property, 'jqlPropertyArgument')) name += meaning(path.text);
    }
    return quoted(name);
}

function operand(node) {
    switch (rule(node)) {
        case 'jqlOperand': return operand(kids(node)[0]);
        case 'jqlEmpty': return 'empty';
        case 'jqlValue': return show(node.text);
        case 'jqlList': return '(list ' + kids(node, 'jqlOperand').map(operand).join(' ') + ')';
        case 'jqlFunction': {
            const list = kids(node, 'jqlArgumentList')[0];
            const parts = list ? kids(list, 'jqlArgument').map((a) => show(a.text)) : [];
            return '(call ' + [show(kids(node, 'jqlFunctionName')[0].text), ...parts].join(' ') + ')';
        }
    }
    throw new Error(rule(node));
}

const words = (node) => node.children.map((c) => c.text.toLowerCase()).join(' ');

function term(node) {
    const [rhs] = kids(node, 'jqlTerminalClauseRhs');
    const parts = kids(rhs);
    let text = `(${words(parts[0])} ${fieldText(kids(node, 'jqlField')[0])}`;
    for (const part of parts.slice(1)) {
        if (/Predicate$/.test(rule(part)))
            text += ` ${words(kids(part)[0])} ${operand(kids(kids(part, 'jqlPredicateOperand')[0])[0])}`;
        else
            text += ' ' + operand(part);
    }
    return text + ')';
}

function clause(node) {
    const inner = kids(node);
    switch (rule(node)) {
        case 'jqlWhere': case 'jqlSubClause': return clause(inner[0]);
        case 'jqlOrClause': return inner.length > 1 ? `(or ${inner.map(clause).join(' ')})` : clause(inner[0]);
        case 'jqlAndClause': return inner.length > 1 ? `(and ${inner.map(clause).join(' ')})` : clause(inner[0]);
        case 'jqlNotClause': return rule(inner[0]) === 'jqlNotClause' ? `(not ${clause(inner[0])})` : clause(inner[0]);
        case 'jqlTerminalClause': return term(node);
    }
    throw new Error(rule(node));
}

function showQuery(tree) {
    const parts = kids(tree, 'jqlWhere').map(clause);
    for (const order of kids(tree, 'jqlOrderBy'))
        for (const sort of kids(order, 'jqlSearchSort')) {
            const last = sort.children[sort.children.length - 1];
            const direction = last.ruleIndex === undefined ? last.text.toLowerCase() : '-';
            parts.push(`(sort ${fieldText(kids(sort, 'jqlField')[0])} ${direction})`);
        }
    return parts.join(' ');
}

// ---- the queries ----

let state = Number(process.argv[2] || 20251);
const random = (n) => { state = (Math.imul(state, 1103515245) + 12345) >>> 0; return (state >>> 8) % n; };
const pick = (list) => list[random(list.length)];

const value = () => pick(['CERT', '"Certificate Enrolled"', "'x'", '5', '-7', '-1d', 'a.b', 'a:b', 'x\\ y', '"\\u00e9"', '2026-01-01',
    '"2026/01/01 10:00"', 'ünïcode', '"q\\"q"', '007', '1.5']);
const call = () => pick(['currentUser()', 'f(1, "b")', 'startOfDay("-1d")', 'membersOf( ops )', '5()', '"now"()']);
const item = (depth) => pick([value, value, value, call, () => 'EMPTY', () => depth > 1 ? value() : list(depth + 1)])();
const list = (depth) => '(' + Array.from({ length: 1 + random(3) }, () => item(depth)).join(pick([',', ' , '])) + ')';
const field = () => pick(['project', 'status', '"Certificate profile"', 'cf[10201]', 'CF [ 7 ]', 'a', 'due', '12', 'a[b].c', "'z z'", '-5']);
const predicate = (w) => pick(w) + ' ' + item(0);
const dates = ['AFTER', 'before', 'ON', 'during', 'BY'];
const predicates = (w) => Array.from({ length: random(3) }, () => ' ' + predicate(w)).join('');
const aTerm = () => field() + pick([
    () => pick([' = ', '=', ' != ']) + pick([value, call, () => 'empty'])(),
    () => pick([' < ', '>', ' <= ', '>=']) + pick([value, call])(),
    () => pick([' ~ ', '!~']) + pick([value, call, () => 'NULL'])(),
    () => pick([' in ', ' NOT IN ', ' Not  in']) + pick([() => list(0), () => ' ' + call()])(),
    () => pick([' is ', ' IS NOT ']) + pick(['EMPTY', 'null']),
    () => pick([' was ', ' WAS NOT ']) + pick([value, call, () => 'empty'])() + predicates(dates),
    () => pick([' was in ', ' WAS NOT IN ']) + pick([() => list(0), call])() + predicates(dates),
    () => ' changed' + predicates([...dates, 'from', 'TO']),
])();
const tree = (depth) => depth > 3 || random(3) === 0 ? aTerm() : pick([
    () => tree(depth + 1) + pick([' AND ', ' and ', ' & ', ' && ']) + tree(depth + 1),
    () => tree(depth + 1) + pick([' OR ', ' | ', ' || ']) + tree(depth + 1),
    () => pick(['NOT ', '! ', '!']) + '(' + tree(depth + 1) + ')',
    () => pick(['NOT ', '! ', 'not not ']) + aTerm(),
    () => '(' + tree(depth + 1) + ')',
])();
const sorts = () => ' ORDER BY ' + Array.from({ length: 1 + random(2) }, () => field() + pick(['', ' ASC', ' desc'])).join(', ');
const good = () => (random(12) ? tree(0) : '') + (random(3) ? '' : sorts());
const noise = () => pick(['(', ')', ',', '[', ']', '=', '!', '<', '~', '"', "'", '\\', 'and', 'or', 'not', 'in', 'is', 'was', 'changed', 'empty', 'order',
    'by', 'asc', 'set', 'cf', 'x', '5', '@', '#', '*', '/', '{', ';', '\t', '\\u12', '+', '%', '&', '|', 'after', '.']);
function spoiled() {
    const text = good();
    const at = random(text.length + 1);
    return random(2) ? text.slice(0, at) + pick(['', ' ']) + noise() + pick(['', ' ']) + text.slice(at)
        : text.slice(0, at) + text.slice(at + 1 + random(4));
}

const handMade = require('./queries.json');
const seen = new Set();
const emit = (query) => {
    if (seen.has(query)) return;
    seen.add(query);
    const { tree, at } = parse(query);
    process.stdout.write(JSON.stringify(tree ? { query, tree: showQuery(tree) } : { query, tree: null, at }) + '\n');
};
if (!process.argv[2]) handMade.forEach(emit);
for (let i = 0; i < 350; i++) emit(good());
for (let i = 0; i < 450; i++) emit(spoiled());
