#include "engine/names.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include "base/fmt.h"
#include "base/str.h"

static const char *const adjectives[] = { "able", "airy", "amber", "ample", "apt", "avid", "balmy", "bold", "brave",
	"breezy", "bright", "brisk", "broad", "calm", "candid", "careful", "cheery", "civil", "clear", "clever", "cosy",
	"crisp", "curious", "dapper", "daring", "deep", "deft", "eager", "early", "earnest", "easy", "fair", "fast",
	"fine", "firm", "fleet", "fond", "frank", "free", "fresh", "gentle", "glad", "golden", "good", "grand", "green",
	"handy", "hardy", "honest", "humble", "jolly", "just", "keen", "kind", "lean", "light", "lively", "loyal",
	"lucid", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "open", "patient", "plain", "polite",
	"prime", "prompt", "proper", "proud", "quick", "quiet", "ready", "robust", "round", "sage", "sharp", "silent",
	"simple", "sincere", "sleek", "smart", "smooth", "snug", "sober", "solid", "sound", "spry", "stable", "steady",
	"still", "sturdy", "subtle", "sunny", "swift", "tall", "tender", "tidy", "true", "trusty", "vivid", "warm",
	"wary", "weighty", "wise", "witty", "worthy" };

/* People who weighed and measured: of the sky, of the earth, of matter, of numbers, of machines. */
static const char *const surnames[] = { "abel", "ampere", "anning", "banneker", "bessel", "bhabha", "bolyai", "boole",
	"bose", "brahe", "burnell", "cannon", "cavendish", "celsius", "chandra", "clairaut", "copernicus", "coulomb",
	"cunitz", "dalton", "dirac", "doppler", "einstein", "eratosthenes", "euclid", "euler", "fahrenheit", "faraday",
	"fermat", "fermi", "fibonacci", "foucault", "fourier", "fraunhofer", "galilei", "galois", "gauss", "germain",
	"gibbs", "goodall", "halley", "hamilton", "henry", "herschel", "hertz", "hilbert", "hipparchus", "hooke",
	"hopper", "hubble", "huygens", "hypatia", "jacobi", "joule", "kelvin", "kepler", "khayyam", "kovalevskaya",
	"lagrange", "laplace", "lavoisier", "leavitt", "leibniz", "lovelace", "mach", "maury", "maxwell", "mayer",
	"meitner", "mendeleev", "mercator", "meridian", "messier", "mirzakhani", "mitchell", "napier", "newton",
	"noether", "ohm", "oresme", "pascal", "payne", "planck", "poincare", "ptolemy", "pythagoras", "raman",
	"ramanujan", "richter", "riemann", "roberval", "romer", "rubin", "rutherford", "santorio", "shannon", "siemens",
	"somerville", "stevin", "tesla", "torricelli", "turing", "vernier", "volta", "watt", "weber", "wu", "yalow",
	"zhang" };

void names_random(char dst[static NAMES_SIZE], unsigned attempt)
{
	uint32_t r[3] = { 0 };

	if (getrandom(r, sizeof(r), 0) < 0)
		r[0] = r[1] = r[2] = attempt; /* no name is secret: a dull one is still a name */
	const char *a = adjectives[r[0] % ARRAY_SIZE(adjectives)], *s = surnames[r[1] % ARRAY_SIZE(surnames)];
	if (attempt)
		fmt_to(dst, NAMES_SIZE, "%s_%s%u", a, s, r[2] % (10U << attempt));
	else
		fmt_to(dst, NAMES_SIZE, "%s_%s", a, s);
}

int names_check(const char *what, const char *name, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t n = str_len(name);

	if (n >= 2 && n <= NAMES_MAX && strspn(name, letters) == n && !strchr("_.-", name[0]))
		return 0;
	err_set(e, ERR_USAGE, EINVAL, "invalid %s name (%.260s)", what, name ? name : "");
	return err_hint(e, "2 to 255 of a-z A-Z 0-9 _ . -, and the first one a letter or digit");
}
