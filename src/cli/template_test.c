/* What docker's users write, and how it can be wrong. */
#include "cli/template.h"

#include <string.h>
#include "base/str.h"
#include "base/test.h"

static const char doc[] = "{\"Id\":\"abcdef\",\"Name\":\"/web\",\"Created\":\"2026\",\"Args\":[\"-c\",\"a "
			  "b\"],\"Count\":3,\"On\":true,\"Off\":false,"
			  "\"Empty\":\"\",\"Big\":18446744073709551615,\"Half\":1.5,\"None\":null,\"State\":{"
			  "\"Status\":\"running\",\"Pid\":7,"
			  "\"ExitCode\":0},\"Config\":{\"Cmd\":[\"x\"],\"Env\":[\"A=1\",\"B=2\"],\"Labels\":{\"b\":"
			  "\"2\",\"a.b/c\":\"1\"}},"
			  "\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/s\"},{\"Type\":\"volume\",\"Source\":\"v\"}],"
			  "\"HostConfig\":{\"Binds\":null,\"PidsLimit\":null},"
			  "\"NetworkSettings\":{\"Ports\":{\"80/"
			  "tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"}]}}}";

static const struct json *method(const struct json *data, const char *name, const char *argument, struct arena *a)
{
	return str_eq(name, "Label") ? json_member(json_member(json_member(data, "Config"), "Labels"), argument) : NULL;
}

/* The result, or the error's message and hint. */
static void render(const char *text, struct buf *out)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct template *t;
	struct json *v;
	struct err e = ERR_NONE, never = ERR_NONE;

	CHECK(json_parse(doc, strlen(doc), &a, &v, &never) == 0, "%s", never.msg);
	int r = template_parse(text, &a, &t, &e);
	if (r == 0)
		r = template_run(t, v, method, &a, out, &e);
	CHECK((r < 0) == (e.num != 0), "%s", text);
	if (r < 0) {
		buf_done(out);
		buf_printf(out, "%s%s%s", e.msg, e.hint[0] ? "; " : "", e.hint);
	}
	if (!out->data)
		buf_add(out, "", 0);
}

struct sample {
	const char *text, *want;
};

static void check(const struct sample *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		AUTO(buf) struct buf out = BUF_INIT;

		render(s[i].text, &out);
		CHECK(str_eq(out.data ? out.data : "", s[i].want), "%s\n gave \"%s\"\n  not \"%s\"", s[i].text,
			out.data, s[i].want);
	}
}

TEST(fields_and_text)
{
	static const struct sample s[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "{{.Id}}", "abcdef" },
		{ "a {{ .State.Status }} b", "a running b" },
		{ "{{.Count}} {{.On}} {{.Big}} {{.Half}}", "3 true 18446744073709551615 1.5" },
		{ "{{.Args}}", "[-c a b]" },
		{ "{{.Config.Labels}}", "map[b:2 a.b/c:1]" },
		{ "{{.HostConfig.Binds}} {{.HostConfig.PidsLimit}}", "[] <nil>" },
		{ "{{\"q\\t\\\"\"}}{{`r\\t`}}", "q\t\"r\\t" },
		{ "{{-3}} {{true}}", "-3 true" },
		{ "x  {{- .Id -}}  y", "xabcdefy" },
		{ "x{{/* no */}}y {{- /* no */ -}} z", "xyz" },
		{ "{{(index .Mounts 1).Source}}", "v" },
		{ "{{$.State.Pid}}", "7" },
		{ "{{.Config.Labels.nothing}}", "<no value>" },
		{ "{{.Label \"b\"}}", "2" },
		{ "{{with .State}}{{$.Id}}{{.Pid}}{{end}}", "abcdef7" },
	};

	check(s, ARRAY_SIZE(s));
}

TEST(control)
{
	static const struct sample s[] = {
		{ "{{if .On}}yes{{end}}", "yes" },
		{ "{{if .Off}}yes{{else}}no{{end}}", "no" },
		{ "{{if .Empty}}a{{else if .Count}}b{{else}}c{{end}}", "b" },
		{ "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none" },
		{ "{{with .Empty}}a{{else}}b{{end}}", "b" },
		{ "{{range .Args}}<{{.}}>{{end}}", "<-c><a b>" },
		{ "{{range $i, $a := .Args}}{{$i}}={{$a}};{{end}}", "0=-c;1=a b;" },
		{ "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a.b/c=1 b=2 " },
		{ "{{range .HostConfig.Binds}}x{{else}}none{{end}}", "none" },
		{ "{{range .Mounts}}{{.Type}}{{if eq .Type \"bind\"}}!{{end}} {{end}}", "bind! volume " },
		{ "{{range .Args}}{{.}}{{break}}{{end}}", "-c" },
		{ "{{range .Args}}{{if eq . \"-c\"}}{{continue}}{{end}}{{.}}{{end}}", "a b" },
		{ "{{$x := 1}}{{if .On}}{{$x = 2}}{{end}}{{$x}}", "2" },
		{ "{{$x := 1}}{{if .On}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21" },
		{ "{{range $p, $c := .NetworkSettings.Ports}}{{$p}} -> {{(index $c "
		  "0).HostPort}}{{end}}",
			"80/tcp -> 8080" },
		{ "{{range .Mounts}}{{range $.Args}}{{.}}{{end}};{{end}}", "-ca b;-ca b;" },
	};

	check(s, ARRAY_SIZE(s));
}

TEST(functions)
{
	static const struct sample s[] = {
		{ "{{json .Args}} {{json .Config.Labels}}", "[\"-c\",\"a b\"] {\"b\":\"2\",\"a.b/c\":\"1\"}" },
		{ "{{json .Big}}{{json .None}}{{json .Half}}", "18446744073709551615null1.5" },
		{ "{{.Name | json}}", "\"/web\"" },
		{ "{{len .Args}} {{len .Id}} {{len .HostConfig.Binds}}", "2 6 0" },
		{ "{{index .Config.Labels \"a.b/c\"}}", "1" },
		{ "<{{index .Config.Labels \"none\"}}>", "<>" },
		{ "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}", "8080" },
		{ "{{join .Args \",\"}} {{join (split .Name \"/\") \"+\"}}", "-c,a b +web" },
		{ "{{upper .Id}} {{lower \"ABC\"}} {{title \"two words\"}}", "ABCDEF abc Two Words" },
		{ "<{{pad .Id 1 2}}><{{pad .Empty 1 2}}>", "< abcdef  ><>" },
		{ "{{truncate .Id 3}} {{truncate .Id 99}}", "abc abcdef" },
		{ "{{slice .Id 1 3}} {{slice .Id 4}}", "bc ef" },
		{ "{{printf \"%s-%d|%5s|%-5s|%05d|%q|%v|%x|%%\" .Id .Count \"a\" \"b\" 42 "
		  "\"c\\\"\" .Args 255}}",
			"abcdef-3|    a|b    |00042|\"c\\\"\"|[-c a b]|ff|%" },
		{ "{{printf \"%.3s\" .Id}} {{printf \"%d\" .Id}} {{printf \"%s\"}}",
			"abc %!d(string=abcdef) %!s(MISSING)" },
		{ "{{printf \"x\" 1}}", "x%!(EXTRA int=1)" },
		{ "{{print 1 2 \"a\" 3}} {{println \"a\" 1}}", "1 2a3 a 1\n" },
		{ "{{eq .Count 3}} {{ne .Id \"x\"}} {{eq .Id \"x\" \"abcdef\"}}", "true true true" },
		{ "{{lt 2 10}} {{ge .Count 4}} {{gt \"b\" \"a\"}} {{le 3 3}}", "true false true true" },
		{ "{{and .On .Count}} {{or .Off .Id}} {{not .Empty}}", "3 abcdef true" },
		{ "{{if and .On (eq .State.Status \"running\")}}up{{end}}", "up" },
		{ "{{.Id | truncate 3}}", "template: 1:9: truncate: argument 1 is a number, not a string" },
		{ "{{eq (index .Config.Labels \"none\") \"\"}}", "true" },
	};

	check(s, ARRAY_SIZE(s));
}

TEST(mistakes)
{
	static const struct sample s[] = {
		{ "{{.Nmae}}", "template: 1:3: map has no entry for key \"Nmae\"; did you mean .Name?" },
		{ "{{.State.Statos}}",
			"template: 1:3: map has no entry for key \"Statos\"; did you mean "
			".Status?" },
		{ "ab\n {{.Id.X}}", "template: 2:4: a string has no field .X" },
		{ "{{.State.Health.Status}}", "template: 1:3: nil value has no field .Status" },
		{ "{{", "template: 1:3: unclosed action" },
		{ "{{.Id", "template: 1:6: unclosed action" },
		{ "{{.Id}", "template: 1:6: unexpected \"}\" behind an operand" },
		{ "{{}}", "template: 1:3: missing value for command" },
		{ "{{if .On}}x", "template: 1:3: no {{end}} for what begins here" },
		{ "{{end}}", "template: 1:6: unexpected {{end}}" },
		{ "{{if .On}}a{{else}}b{{else}}c{{end}}",
			"template: 1:27: unexpected {{else}}: there was one already" },
		{ "{{nope .Id}}", "template: 1:3: function \"nope\" not defined" },
		{ "{{\"abc}}", "template: 1:3: unterminated quoted string" },
		{ "{{$x}}", "template: 1:3: undefined variable \"$x\"" },
		{ "{{(.Id}}", "template: 1:7: unclosed left paren" },
		{ "{{.Id)}}", "template: 1:6: unexpected \")\"" },
		{ "{{index .Args 2}}", "template: 1:3: index out of range: 2" },
		{ "{{index .Args \"a\"}}", "template: 1:3: index: argument 2 is a string, not a whole number" },
		{ "{{range .Id}}{{end}}", "template: 1:9: range can't iterate over a string" },
		{ "{{eq .Id 1}}",
			"template: 1:3: eq: incompatible types for comparison: a string and a "
			"number" },
		{ "{{.Id 1}}", "template: 1:3: .Id is not a method but has arguments" },
		{ "{{break}}", "template: 1:8: {{break}} outside {{range}}" },
		{ "{{template \"x\"}}", "template: 1:11: {{template}} is not supported" },
		{ "{{/* x", "template: 1:3: unclosed comment" },
		{ "{{len}}", "template: 1:3: wrong number of args for len: want 1 got 0" },
	};

	check(s, ARRAY_SIZE(s));
}

TEST(work_is_bounded)
{
	AUTO(buf) struct buf text = BUF_INIT;
	AUTO(buf) struct buf out = BUF_INIT;

	for (int i = 0; i < 30; i++)
		buf_str(&text, "{{range $.Args}}");
	buf_str(&text, "x");
	for (int i = 0; i < 30; i++)
		buf_str(&text, "{{end}}");
	render(text.data, &out);
	CHECK(strstr(out.data, "does too much work") || strstr(out.data, "more than 16 MiB"), "%.60s", out.data);
	buf_done(&text);
	buf_done(&out);
	for (int i = 0; i < 40; i++)
		buf_str(&text, "{{(");
	render(text.data, &out);
	CHECK(strstr(out.data, "template: "), "%.60s", out.data);
}

TEST(which_members_are_used)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct template *t;
	struct err e = ERR_NONE;

	CHECK(template_parse("{{if .A}}{{range .B}}{{json (index .C.Size 1)}}{{end}}{{end}}", &a, &t, &e) == 0, "%s",
		e.msg);
	CHECK(template_uses(t, "A") && template_uses(t, "Size") && !template_uses(t, "index"), "uses");
	CHECK(str_eq(template_unescape("a\\tb\\nc\\x", &a), "a\tb\nc\\x"), "unescape");
}

TEST_MAIN(T(fields_and_text), T(control), T(functions), T(mistakes), T(work_is_bounded), T(which_members_are_used))
