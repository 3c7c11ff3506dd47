"""UPS::Nut, the Perl module of NUT, as Debian has it: the same on our upsd as on Debian's."""

import shutil
import subprocess

import pytest

from harness import DEADLINE
from harness.twins import Twins

# Everything that it can do, each result or error on a line.
SCRIPT = r"""
use strict;
use warnings;
use UPS::Nut;

my $ups;

sub show {
    my ($what, @args) = @_;
    my @got = $ups->$what(@args);
    my @shown = map { ref eq 'HASH' ? do { my $h = $_; map { "$_=$h->{$_}" } sort keys %$h }
                      : ref eq 'ARRAY' ? @$_ : $_ } map { defined ? $_ : 'undef' } @got;
    my $error = grep({ !defined } @got) || !@got ? ' error: ' . ($ups->Error() // '') : '';
    print join(' ', $what, @args, '->', join('|', @shown)), $error, "\n";
}

for my $name ('rack', 'bare', 'stale', 'gone', 'nosuch') {
    $ups = UPS::Nut->new(NAME => $name, HOST => '127.0.0.1', PORT => $ARGV[0],
                         USERNAME => 'admin', PASSWORD => 'secret', TIMEOUT => 20);
    print "$name: ", $ups ? 'there' : 'no object', "\n";  # it wants a list of variables
    next unless $ups;
    show($_) for qw(Status BattPercent LoadPercent LineVoltage Temperature ListUPS ListVar ListRW
                    ListCmd Master);
    show('ListEnum', 'ups.beeper.status');
    show('Request', 'ups.mfr');
    show('Request', 'nosuch.var');
    show($_, 'ups.load') for qw(VarDesc VarType);
    show('InstCmdDesc', 'load.off');
    show('InstCmd', $_) for qw(load.off nosuch.cmd);
    show('Set', 'ups.id', 'new');
    show('Set', 'ups.load', '1');
    $ups->Logout();
}
$ups = UPS::Nut->new(NAME => 'latched', HOST => '127.0.0.1', PORT => $ARGV[0], USERNAME => 'mon',
                     PASSWORD => 'secret', LOGIN => 1);
show($_) for qw(Master FSD Status);
$ups = UPS::Nut->new(NAME => 'rack', HOST => '127.0.0.1', PORT => $ARGV[0]);
show('InstCmd', 'load.off');
show('Login', 'mon', 'wrong');
my %tied;
tie %tied, 'UPS::Nut', NAME => 'rack', HOST => '127.0.0.1', PORT => $ARGV[0];
print "tied $tied{'ups.status'}\n";
"""


def test_the_perl_module_gets_the_same_answers(sites, debian):
    module = next(debian.root.rglob("UPS/Nut.pm"), None)
    if not module:
        pytest.skip("scripts/deps.sh --peers has not fetched libups-nut-perl")
    if not shutil.which("perl"):
        pytest.skip("no Perl")
    twins = Twins(sites, debian)

    def run(twin):
        result = subprocess.run(["perl", "-I", module.parent.parent, "-e", SCRIPT, str(twin.port)],
                                capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()

    ours, theirs = run(twins.ours), run(twins.theirs)
    assert "Status -> OL CHRG" in ours and "tied OL CHRG" in ours
    assert ours == theirs
