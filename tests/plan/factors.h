/* SPDX-License-Identifier: Apache-2.0 */
/* The values from which generate.c makes its configurations. */
#pragma once

/* a double quote within a string of the JSON */
#define Q "\\u0022"

/* clang-format off */
enum section {
    TOP, PROCESS, LINUX, NAMESPACES, MOUNTS, HOOKS, ROOT, ANNOTATIONS, DEVICES, MAPPINGS, SECTIONS,
    HOST, VERB, REQUEST
};

static const struct factor {
    enum section section;
    const char *level[8]; /* JSON for the section, or a word of the test's; "" leaves it out */
} factors[] = {
    {VERB, {"create", "run", "exec", "restore", "add", "remove"}},
    {HOST, {"hybrid", "v2", "systemd", "no-cgroups", "rootless", "rdt", "delegated"}},
    {REQUEST, {"", "no-pivot"}},
    {REQUEST, {"", "no-keyring"}},
    {REQUEST, {"", "notify"}},
    {REQUEST, {"", "cookie"}},
    {REQUEST, {"", "pod"}}, /* with the verb "create" */
    {NAMESPACES, {"{'type':'mount'}", "", "{'type':'mount','path':'/n'}"}},
    {NAMESPACES, {"{'type':'pid'}", "", "{'type':'pid','path':'/n'}"}},
    {NAMESPACES, {"{'type':'network'}", "", "{'type':'network','path':'/n'}"}},
    {NAMESPACES, {"{'type':'ipc'}", "", "{'type':'ipc','path':'/n'}"}},
    {NAMESPACES, {"{'type':'uts'}", "", "{'type':'uts','path':'/n'}"}},
    {NAMESPACES, {"", "{'type':'cgroup'}", "{'type':'cgroup','path':'/n'}"}},
    {NAMESPACES, {"", "{'type':'time'}", "{'type':'time','path':'/n'}"}},
    {NAMESPACES, {"", "{'type':'user'}", "{'type':'user','path':'/n'}"}},
    {MAPPINGS, {"{'containerID':0,'hostID':1000,'size':70000}",
                "{'containerID':1000,'hostID':1000,'size':1}"}},
    {MOUNTS, {"{'destination':'/proc','type':'proc','source':'proc'}", ""}},
    {MOUNTS, {"{'destination':'/dev','type':'tmpfs','source':'tmpfs','options':['nosuid',"
              "'mode=755','size=65536k']}", "",
              "{'destination':'/dev','source':'/dev','options':['rbind']}",
              "{'destination':'/dev','type':'tmpfs','source':'tmpfs','options':['ro']}"}},
    {MOUNTS, {"",
              "{'destination':'/sys/fs/cgroup','type':'cgroup','source':'cgroup','options':['ro']}",
              "{'destination':'/sys/fs/cgroup','type':'cgroup','source':'cgroup'}",
              "{'destination':'/sys/fs/cgroup','type':'cgroup2','source':'cgroup'}"}},
    {MOUNTS, {"", "{'destination':'/a','source':'/a','options':['bind','ro','rprivate']}",
              "{'destination':'/a','source':'/a','options':['rbind','rshared','rro']}",
              "{'destination':'/a','source':'/a','options':['bind','src-nofollow',"
              "'dest-nofollow']}",
              "{'destination':'/a','source':'/a','options':['bind','idmap']}",
              "{'destination':'/a','source':'/a','options':['bind','copy-symlink']}"}},
    {MOUNTS, {"",
              "{'destination':'/t','type':'tmpfs','source':'tmpfs','options':['tmpcopyup','ro']}",
              "{'destination':'/t','type':'tmpfs','source':'tmpfs','options':['iversion']}",
              "{'destination':'/t','type':'tmpfs','source':'tmpfs','options':['slave'],"
              "'uidMappings':[{'containerID':0,'hostID':5,'size':9}],"
              "'gidMappings':[{'containerID':0,'hostID':5,'size':9}]}",
              "{'destination':'/t','type':'ext4','source':'/dev/vdb'}",
              "{'destination':'/t','type':'mqueue','source':'mqueue'}"}},
    {MOUNTS, {"", "{'destination':'/','options':['remount','bind','ro']}",
              "{'destination':'/t','type':'tmpfs','options':['remount']}"}},
    {HOOKS, {"", "'prestart':[{'path':'/h'}]",
             "'prestart':[{'path':'/h'},{'path':'/i','timeout':3}]"}},
    {HOOKS, {"", "'createRuntime':[{'path':'/h','args':['h','1'],'env':['A=1']}]"}},
    {HOOKS, {"", "'createContainer':[{'path':'/h'}]",
             "'createContainer':[{'path':'/h'},{'path':'/i'}]"}},
    {HOOKS, {"", "'startContainer':[{'path':'/h'}]",
             "'startContainer':[{'path':'/h'},{'path':'/i'}]"}},
    {HOOKS, {"", "'poststart':[{'path':'/h'}],'poststop':[{'path':'/h'}]"}},
    {LINUX, {"", "'maskedPaths':['/proc/kcore']",
             "'maskedPaths':['/proc/kcore','/sys/firmware','/proc/acpi']"}},
    {LINUX, {"", "'readonlyPaths':['/proc/sys','/proc/bus']"}},
    {ROOT, {"", "'readonly':true"}},
    {LINUX, {"", "'rootfsPropagation':'shared'", "'rootfsPropagation':'rslave'",
             "'rootfsPropagation':'unbindable'"}},
    {DEVICES, {"", "{'path':'/dev/fuse','type':'c','major':10,'minor':229}",
               "{'path':'/dev/p','type':'p','uid':7}",
               "{'path':'/dev/null','type':'c','major':1,'minor':3,'fileMode':384}"}},
    {LINUX, {"", "'resources':{'memory':{'limit':9000000}}",
             "'resources':{'devices':[{'allow':false,'access':'rwm'}]}"}},
    {LINUX, {"", "'cgroupsPath':'/x/y'"}},
    {LINUX, {"", "'sysctl':{'net.ipv4.ip_forward':'1'}",
             "'sysctl':{'kernel.msgmax':'1','kernel.shmmax':'2'}"}},
    {LINUX, {"", "'netDevices':{'e0':{'name':'c0'},'e1':{}}"}},
    {LINUX, {"", "'timeOffsets':{'boottime':{'secs':4},'monotonic':{'secs':1,'nanosecs':2}}"}},
    {LINUX, {"", "'personality':{'domain':'LINUX32'}"}},
    {LINUX, {"",
             "'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_STATIC_NODES']}"}},
    {LINUX, {"", "'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'}",
             "'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_LOG'],"
             "'syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_ERRNO'}]}",
             "'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/s',"
             "'syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'}]}"}},
    {PROCESS, {"'args':['sh']", "'args':['a','b','c']"}},
    {PROCESS, {"", "'terminal':true", "'terminal':true,'consoleSize':{'height':25,'width':80}"}},
    {PROCESS, {"", "'noNewPrivileges':true"}},
    {PROCESS, {"'user':{'uid':0,'gid':0}", "'user':{'uid':1000,'gid':1000}", "",
               "'user':{'uid':1000,'gid':1000,'umask':18,'additionalGids':[5,6]}"}},
    {PROCESS, {"",
               "'capabilities':{'bounding':['CAP_CHOWN','CAP_KILL'],'permitted':['CAP_CHOWN'],"
               "'effective':['CAP_CHOWN']}",
               "'capabilities':{'bounding':['CAP_CHOWN'],'permitted':['CAP_CHOWN'],"
               "'inheritable':['CAP_CHOWN'],'ambient':['CAP_CHOWN']}"}},
    {PROCESS, {"",
               "'rlimits':[{'type':'RLIMIT_NOFILE','soft':9,'hard':9},{'type':'RLIMIT_CORE',"
               "'soft':1,'hard':2}]"}},
    {PROCESS, {"", "'oomScoreAdj':100"}},
    {PROCESS, {"", "'env':['A=1','HOME=/h','A=2']"}},
    {PROCESS, {"", "'scheduler':{'policy':'SCHED_BATCH','nice':3}"}},
    {PROCESS, {"", "'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':4}"}},
    {PROCESS, {"", "'execCPUAffinity':{'initial':'0','final':'0-1'}"}},
    {PROCESS, {"", "'selinuxLabel':'a:b:c'", "'apparmorProfile':'p'"}},
    {LINUX, {"", "'mountLabel':'a:b:c'"}},
    {ANNOTATIONS, {"", "'run.oci.hooks.stdout':'/o','run.oci.hooks.stderr':'e'"}},
    {ANNOTATIONS, {"", "'run.oci.keep_original_groups':'1'"}},
    {ANNOTATIONS, {"",
                   "'run.berth.landlock':'{" Q "ruleset" Q ":{" Q "handledAccessFS" Q ":"
                   "[" Q "execute" Q "]}," Q "rules" Q ":{" Q "pathBeneath" Q ":[{"
                   Q "allowedAccess" Q ":[" Q "execute" Q "],"
                   Q "paths" Q ":[" Q "/a" Q "," Q "/b" Q "]}]}}'"}},
    {ANNOTATIONS, {"", "'run.berth.core-scheduling':'new'",
                   "'run.berth.core-scheduling':'container:other'"}},
    {TOP, {"", "'hostname':'h','domainname':'d'"}},
};
/* clang-format on */
